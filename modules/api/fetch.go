package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"gateway/internal/fetch"
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
func newContractClient() *fetch.Client {
	return fetch.NewClient(fetch.Options{
		Timeout: fetchTimeout, MaxBytes: maxFetched, Redirects: maxRedirects, Decode: true,
		Type: func(media string) bool { return strings.Contains(media, "json") || strings.Contains(media, "yaml") },
	})
}

// fetchContract asks for the contract at an address. It returns nil if have is still what
// the service has, and for how long that holds: 0 if it is not said.
func fetchContract(ctx context.Context, client *fetch.Client, address string, have *document) (*document, time.Duration, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, 0, err
	}
	request.Header.Set("Accept", "application/json, application/yaml;q=0.9, */*;q=0.1")
	if have != nil && have.ETag != "" {
		request.Header.Set("If-None-Match", have.ETag)
	} else if have != nil && have.Modified != "" {
		request.Header.Set("If-Modified-Since", have.Modified)
	}
	answer, err := client.Do(request)
	if err != nil {
		if other, ok := errors.AsType[*fetch.TypeError](err); ok {
			err = fmt.Errorf("the answer is neither JSON nor YAML: its Content-Type is %.60q", other.ContentType)
		}
		return nil, 0, err
	}
	lifetime, _ := fetch.Lifetime(answer.Header)
	if answer.Unchanged {
		return nil, lifetime, nil
	}
	return &document{Data: answer.Body, ETag: answer.Header.Get("ETag"), Modified: answer.Header.Get("Last-Modified")}, lifetime, nil
}

// isAddress tells whether a contract is to be fetched.
func isAddress(contract string) bool {
	return strings.HasPrefix(contract, "http://") || strings.HasPrefix(contract, "https://")
}
