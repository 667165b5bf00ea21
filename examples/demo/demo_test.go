package main

import (
	"net"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"gateway/examples/services/issuer"
)

func TestBannerIsShort(t *testing.T) {
	t.Parallel()
	i, err := issuer.New("http://localhost:9002", nil)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := calls(8080, i)
	if err != nil {
		t.Fatal(err)
	}
	text := banner(settings{port: 8080, metricsPort: 9464, consolePort: 2021, log: "demo.log"}, lines)
	if got := strings.Count(text, "\n"); got > 30 {
		t.Errorf("the banner has %d lines, want at most 30", got)
	}
	for _, line := range lines {
		if !strings.Contains(text, "\n  "+line.line+"\n") {
			t.Errorf("the banner lacks the line %q", line.line)
		}
	}
}

func TestLastStatus(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]string{
		"HTTP/1.1 403 Forbidden\nX: 200": "403",
		"200 200 429 ":                   "429",
		"":                               "nothing",
	} {
		if got := lastStatus(head); got != want {
			t.Errorf("%q: got %s, want %s", head, got, want)
		}
	}
}

func TestTakenPort(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	want := "port " + strconv.Itoa(port) + " is taken"
	if err := free(localhost(port)); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("free: got %v, want %q", err, want)
	}
	if _, err := listen(localhost(port), nil); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("listen: got %v, want %q", err, want)
	}
}

func TestFetchToken(t *testing.T) {
	t.Parallel()
	i, err := issuer.New("http://issuer", nil)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(i)
	defer server.Close()
	token, err := fetchToken(t.Context(), server.URL, "writer")
	if err != nil || strings.Count(token, ".") != 2 {
		t.Errorf("got %q and %v, want a token", token, err)
	}
	if _, err := fetchToken(t.Context(), server.URL, "nobody"); err == nil || !strings.Contains(err.Error(), "reader, writer") {
		t.Errorf("nobody: got %v, want the list of personas", err)
	}
}
