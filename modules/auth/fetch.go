package auth

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// maxDocument bounds what an issuer can make us read, in bytes.
	maxDocument = 1 << 20
	// maxRedirects bounds the redirects of one fetch; all of them stay on the host.
	maxRedirects = 3
)

// endpoint is where the keys of an issuer are fetched.
type endpoint struct {
	// issuer is the issuer to discover, and jwks the address of its keys. One of
	// them is empty.
	issuer, jwks string
	// plainHTTP allows http to hosts that are not this one.
	plainHTTP bool
	timeout   time.Duration
	client    *http.Client
}

// newClient makes a client for key fetching. roots may be nil: the system's.
func newClient(roots *x509.CertPool) *http.Client {
	return &http.Client{
		CheckRedirect: stayOnHost,
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    5 * time.Second,
			IdleConnTimeout:        30 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			DisableCompression:     true, // nothing can unfold beyond the bound
			ForceAttemptHTTP2:      true,
		},
	}
}

// stayOnHost lets an issuer tidy up its paths, but not send us to other hosts, into
// the network behind us, or from https to http.
func stayOnHost(r *http.Request, via []*http.Request) error {
	first := via[0].URL
	switch {
	case len(via) > maxRedirects:
		return errors.New("too many redirects")
	case r.URL.Host != first.Host || r.URL.Scheme != first.Scheme:
		return errors.New("it redirects to another host or scheme")
	}
	return nil
}

// fetch gets the issuer's key set, within the timeout.
func (e *endpoint) fetch(ctx context.Context) (document, error) {
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	address := e.jwks
	if address == "" {
		var err error
		if address, err = e.discover(ctx); err != nil {
			return document{}, err
		}
	}
	fetched, err := e.get(ctx, address)
	if err != nil {
		return document{}, fmt.Errorf("fetching the key set: %w", err)
	}
	return fetched, nil
}

// get reads one document. Its errors hold nothing of the document.
func (e *endpoint) get(ctx context.Context, address string) (document, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return document{}, err
	}
	request.Header.Set("Accept", "application/json, application/jwk-set+json")
	request.Header.Set("User-Agent", "gateway")
	response, err := e.client.Do(request)
	if err != nil {
		return document{}, err
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode != http.StatusOK:
		return document{}, fmt.Errorf("%s answered %d", address, response.StatusCode)
	case response.Header.Get("Content-Encoding") != "":
		return document{}, fmt.Errorf("%s answered with a content coding that was not asked for", address)
	case response.ContentLength > maxDocument:
		return document{}, fmt.Errorf("%s answered with more than 1 MiB", address)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxDocument+1))
	if err != nil {
		return document{}, fmt.Errorf("reading %s: %w", address, err)
	}
	if len(body) > maxDocument {
		return document{}, fmt.Errorf("%s answered with more than 1 MiB", address)
	}
	return document{body: body, lifetime: lifetime(response.Header)}, nil
}

// lifetime reads how long a response is fresh (RFC 9111 §4.2.1): max-age less the
// age it has already. Anything unclear counts as not said.
func lifetime(header http.Header) time.Duration {
	for _, field := range header["Cache-Control"] {
		for directive := range strings.SplitSeq(field, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
			switch strings.ToLower(name) {
			case "no-store", "no-cache":
				return time.Nanosecond // as short as the bounds allow
			case "max-age":
				seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
				if err != nil {
					continue
				}
				age, _ := strconv.ParseUint(header.Get("Age"), 10, 31)
				return time.Duration(max(int64(seconds)-int64(age), 0))*time.Second + time.Nanosecond
			}
		}
	}
	return 0
}

// checkAddress says what is wrong with an address that is to be fetched: it has to
// be https, unless the host is this one or plain http is allowed in words.
func checkAddress(address string, plainHTTP bool) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return errors.New("it is not an absolute URL")
	case u.User != nil:
		return errors.New("it has a user name or password in it")
	case u.Fragment != "":
		return errors.New("it has a fragment")
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http":
		return errors.New("its scheme is not https")
	case plainHTTP || isLoopback(u.Hostname()):
		return nil
	}
	return errInsecure
}

var errInsecure = errors.New("keys that are fetched over plain http can be anybody's")

func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}
