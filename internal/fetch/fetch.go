// Package fetch gets documents over HTTP from hosts that may be slow, wrong or hostile:
// what an answer can make us read, wait for and follow is bounded.
package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"time"
)

const (
	// maxHeader bounds the header of an answer, in bytes.
	maxHeader = 64 << 10
	// connectTimeout bounds how long a connection takes, and again how long its TLS takes.
	connectTimeout = 5 * time.Second
	idleTimeout    = 30 * time.Second
)

// Options are the bounds of a client.
type Options struct {
	// Timeout bounds a fetch from the connection to the last byte of the answer, with all
	// redirects. Required.
	Timeout time.Duration
	// MaxBytes bounds the body of an answer, as it is after decoding. Required.
	MaxBytes int64
	// Redirects is how many are followed. All have to stay on the host and scheme of the
	// address that was asked for. Default: none; a redirect is the answer.
	Redirects int
	// Connections bounds the connections to a host, busy and idle. Default: no bound.
	Connections int
	// Decode lets answers come in gzip. Default: nothing can unfold.
	Decode bool
	// Type tells whether a media type is acceptable. Default: whatever comes, or none.
	Type func(mediaType string) bool
	// Roots are trusted in place of the system's. Default: the system's.
	Roots *x509.CertPool
	// Transport carries requests. Default: connections of the client's own, with TLS 1.2
	// or later, through the proxy that the environment names.
	Transport http.RoundTripper
}

// Client fetches documents. It is safe for concurrent use.
type Client struct {
	options Options
	client  http.Client
}

// NewClient makes a client. Options without Timeout or MaxBytes are the caller's bug, and
// it panics.
func NewClient(o Options) *Client {
	if o.Timeout <= 0 || o.MaxBytes <= 0 {
		panic("a client without bounds")
	}
	if o.Transport == nil {
		o.Transport = &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: connectTimeout}).DialContext,
			TLSClientConfig:        &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    connectTimeout,
			IdleConnTimeout:        idleTimeout,
			MaxResponseHeaderBytes: maxHeader,
			DisableCompression:     !o.Decode,
			ForceAttemptHTTP2:      true,
			MaxConnsPerHost:        o.Connections,
			MaxIdleConnsPerHost:    o.Connections,
		}
	}
	c := &Client{options: o}
	c.client = http.Client{Transport: o.Transport, CheckRedirect: c.redirect}
	return c
}

// CloseIdleConnections closes the connections that no fetch uses.
func (c *Client) CloseIdleConnections() { c.client.CloseIdleConnections() }

// redirect lets a host tidy up its paths, but not send us to other hosts, into the network
// behind us, or from https to http.
func (c *Client) redirect(r *http.Request, via []*http.Request) error {
	first := via[0].URL
	switch {
	case c.options.Redirects == 0:
		return http.ErrUseLastResponse
	case len(via) > c.options.Redirects:
		return errRedirects
	case r.URL.Host != first.Host || r.URL.Scheme != first.Scheme:
		return errElsewhere
	}
	return nil
}

// Answer is what a host has answered.
type Answer struct {
	// Unchanged tells that the host has what the request says that we have (RFC 9110
	// §15.4.5). There is no body then.
	Unchanged bool
	Header    http.Header
	Body      []byte
}

var (
	errRedirects = errors.New("too many redirects")
	errElsewhere = errors.New("it redirects to another host or scheme")
	// ErrCoding is a content coding that we cannot take off.
	ErrCoding = errors.New("the answer has a content coding that was not asked for")
)

// StatusError is an answer that is no document.
type StatusError struct{ Status int }

// Error implements error.
func (e *StatusError) Error() string {
	return fmt.Sprintf("the answer is %d %s", e.Status, http.StatusText(e.Status))
}

// TooLargeError is an answer beyond the bound.
type TooLargeError struct{ MaxBytes int64 }

// Error implements error.
func (e *TooLargeError) Error() string {
	n, unit := e.MaxBytes, "bytes"
	switch {
	case n%(1<<20) == 0:
		n, unit = n>>20, "MiB"
	case n%(1<<10) == 0:
		n, unit = n>>10, "KiB"
	}
	return fmt.Sprintf("the answer is larger than %d %s", n, unit)
}

// TypeError is an answer of a media type that is not acceptable.
type TypeError struct{ ContentType string }

// Error implements error.
func (e *TypeError) Error() string {
	return fmt.Sprintf("the answer cannot be used: its Content-Type is %.60q", e.ContentType)
}

// Do sends a request and reads the answer, which has to be 200, or 304 for a conditional
// request.
//
// Errors: *StatusError, ErrCoding, *TypeError and *TooLargeError for answers; whatever
// else goes wrong with the connection is the error of net/http without the address.
func (c *Client) Do(request *http.Request) (*Answer, error) {
	ctx, cancel := context.WithTimeout(request.Context(), c.options.Timeout)
	defer cancel()
	request = request.WithContext(ctx)
	if request.Header.Get("User-Agent") == "" {
		request.Header.Set("User-Agent", "gateway")
	}
	response, err := c.client.Do(request)
	if err != nil {
		if inner, ok := errors.AsType[*url.Error](err); ok {
			err = inner.Err // whoever asks knows the address; that of a redirect is the host's text
		}
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusNotModified && conditional(request.Header) {
		return &Answer{Unchanged: true, Header: response.Header}, nil
	}
	if err := c.judge(response); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, c.options.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if int64(len(body)) > c.options.MaxBytes {
		return nil, &TooLargeError{c.options.MaxBytes}
	}
	return &Answer{Header: response.Header, Body: body}, nil
}

func conditional(header http.Header) bool {
	return header.Get("If-None-Match") != "" || header.Get("If-Modified-Since") != ""
}

// judge tells from the header whether an answer is worth reading.
func (c *Client) judge(response *http.Response) error {
	switch {
	case response.StatusCode != http.StatusOK:
		return &StatusError{response.StatusCode}
	case response.Header.Get("Content-Encoding") != "":
		return ErrCoding
	case response.ContentLength > c.options.MaxBytes:
		return &TooLargeError{c.options.MaxBytes}
	}
	if c.options.Type != nil {
		fields := response.Header["Content-Type"]
		if len(fields) != 1 {
			return &TypeError{response.Header.Get("Content-Type")}
		}
		media, _, err := mime.ParseMediaType(fields[0])
		if err != nil || !c.options.Type(media) {
			return &TypeError{fields[0]}
		}
	}
	return nil
}
