package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metrics" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	if err := check(server.URL + "/metrics"); err != nil {
		t.Errorf("a healthy server: %v", err)
	}
	if check(server.URL+"/other") == nil {
		t.Error("a server that answers 503 is healthy")
	}
	server.Close()
	if check(server.URL+"/metrics") == nil {
		t.Error("a server that is gone is healthy")
	}
}
