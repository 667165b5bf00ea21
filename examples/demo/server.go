package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// server is one of the services that run in this process.
type server struct {
	http   *http.Server
	failed chan error
}

// listen starts to serve. The address is taken when it returns.
func listen(address string, handler http.Handler) (*server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, taken(address, err)
	}
	s := &server{
		http:   &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second},
		failed: make(chan error, 1),
	}
	go func() { s.failed <- s.http.Serve(listener) }()
	return s, nil
}

// stop lets requests end for a moment, then cuts them.
func (s *server) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		s.http.Close()
	}
}

// serveAlone serves until ctx ends.
func serveAlone(ctx context.Context, address string, handler http.Handler) error {
	s, err := listen(address, handler)
	if err != nil {
		return err
	}
	defer s.stop()
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failed:
		return err
	}
}

// free tells whether an address can be listened on.
func free(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return taken(address, err)
	}
	return listener.Close()
}

// taken says it plainly when somebody else listens on an address.
func taken(address string, err error) error {
	if !errors.Is(err, syscall.EADDRINUSE) {
		return err
	}
	_, port, _ := net.SplitHostPort(address)
	return fmt.Errorf("port %s is taken: stop what listens there, or choose another (see demo --help)", port)
}

// fetchToken asks the issuer at base for a token.
func fetchToken(ctx context.Context, base, persona string) (string, error) {
	form := strings.NewReader(url.Values{"persona": {persona}}.Encode())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/token", form)
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Do(r)
	if err != nil {
		return "", fmt.Errorf("asking the issuer (does it run?): %w", err)
	}
	defer response.Body.Close()
	var answer struct {
		Token       string `json:"access_token"`
		Description string `json:"error_description"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<16)).Decode(&answer); err != nil {
		return "", fmt.Errorf("reading the issuer's answer: %w", err)
	}
	if answer.Token == "" {
		return "", fmt.Errorf("the issuer says: %s", answer.Description)
	}
	return answer.Token, nil
}
