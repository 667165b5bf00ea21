package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Bounds on what a service can make us do when its contract is fetched.
const (
	maxFetched   = 16 << 20 // bytes, decompressed
	fetchTimeout = 10 * time.Second
	maxRedirects = 3 // all of them on the host
)

// document is a contract as its service gave it.
type document struct {
	Data []byte `json:"data"`
	// ETag and Modified are what the service asks to be asked with (RFC 9110 §13.1).
	ETag     string `json:"etag,omitempty"`
	Modified string `json:"modified,omitempty"`
}

// newContractClient makes a client for fetching contracts.
func newContractClient() *http.Client {
	return &http.Client{
		CheckRedirect: stayOnHost,
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			TLSHandshakeTimeout:    5 * time.Second,
			IdleConnTimeout:        30 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			ForceAttemptHTTP2:      true,
		},
	}
}

// stayOnHost lets a service tidy up its paths, but not send us into the network
// behind us, or from https to http.
func stayOnHost(r *http.Request, via []*http.Request) error {
	switch first := via[0].URL; {
	case len(via) > maxRedirects:
		return errors.New("too many redirects")
	case r.URL.Host != first.Host || r.URL.Scheme != first.Scheme:
		return errors.New("it redirects to another host or scheme")
	}
	return nil
}

// fetch asks for the contract at an address. It returns nil if have is still what the
// service has, and for how long that holds: 0 if it is not said.
func fetch(ctx context.Context, client *http.Client, address string, have *document) (*document, time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, 0, err
	}
	request.Header.Set("Accept", "application/json, application/yaml;q=0.9, */*;q=0.1")
	request.Header.Set("User-Agent", "gateway")
	if have != nil && have.ETag != "" {
		request.Header.Set("If-None-Match", have.ETag)
	} else if have != nil && have.Modified != "" {
		request.Header.Set("If-Modified-Since", have.Modified)
	}
	response, err := client.Do(request)
	if err != nil {
		if inner, ok := errors.AsType[*url.Error](err); ok {
			err = inner.Err // the address is said anyway
		}
		return nil, 0, err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusNotModified && have != nil {
		return nil, lifetime(response.Header), nil
	}
	if err := acceptable(response); err != nil {
		return nil, 0, err
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxFetched+1))
	if err != nil {
		return nil, 0, fmt.Errorf("reading the answer: %w", err)
	}
	if len(data) > maxFetched {
		return nil, 0, errTooLarge
	}
	return &document{Data: data, ETag: response.Header.Get("ETag"), Modified: response.Header.Get("Last-Modified")}, lifetime(response.Header), nil
}

var errTooLarge = fmt.Errorf("the answer is larger than %d MiB", maxFetched>>20)

// acceptable tells whether an answer may hold a contract.
func acceptable(response *http.Response) error {
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the answer is %d %s", response.StatusCode, http.StatusText(response.StatusCode))
	}
	if response.ContentLength > maxFetched {
		return errTooLarge
	}
	media, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil || !strings.Contains(media, "json") && !strings.Contains(media, "yaml") {
		return fmt.Errorf("the answer is neither JSON nor YAML: its Content-Type is %.60q", response.Header.Get("Content-Type"))
	}
	return nil
}

// lifetime reads how long an answer is fresh (RFC 9111 §4.2.1): max-age less the age
// it has already. Anything unclear counts as not said.
func lifetime(header http.Header) (fresh time.Duration) {
	for directive := range strings.SplitSeq(strings.Join(header["Cache-Control"], ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(name) {
		case "no-store", "no-cache":
			return 0
		case "max-age":
			seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
			if err != nil {
				return 0
			}
			age, _ := strconv.ParseUint(header.Get("Age"), 10, 31)
			fresh = time.Duration(max(int64(seconds)-int64(age), 0)) * time.Second
		}
	}
	return fresh
}

// isAddress tells whether a contract is to be fetched.
func isAddress(contract string) bool {
	return strings.HasPrefix(contract, "http://") || strings.HasPrefix(contract, "https://")
}

// checkAddress says what is wrong with an address.
func checkAddress(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "":
		return errors.New("it is not an absolute URL")
	case u.User != nil:
		return errors.New("it has a user name or password in it")
	case u.Fragment != "":
		return errors.New("it has a fragment")
	}
	return nil
}
