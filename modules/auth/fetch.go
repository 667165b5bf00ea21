package auth

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"

	"gateway/internal/fetch"
)

const (
	// maxDocument bounds what an issuer can make us read, in bytes.
	maxDocument = 1 << 20
	// maxRedirects bounds the redirects of one fetch; all of them stay on the host.
	maxRedirects = 3
	// maxTimeout is the longest that may be configured for a fetch.
	maxTimeout = time.Minute
)

// endpoint is where the keys of an issuer are fetched.
type endpoint struct {
	// issuer is the issuer to discover, and jwks the address of its keys. One of
	// them is empty.
	issuer, jwks string
	// plainHTTP allows http to hosts that are not this one.
	plainHTTP bool
	timeout   time.Duration
	client    *fetch.Client
}

// newClient makes a client for key fetching. roots may be nil: the system's.
func newClient(roots *x509.CertPool) *fetch.Client {
	return fetch.NewClient(fetch.Options{Timeout: maxTimeout, MaxBytes: maxDocument, Redirects: maxRedirects, Roots: roots})
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
	answer, err := e.client.Do(request)
	if err != nil {
		return document{}, unfetched(address, err)
	}
	lifetime, said := fetch.Lifetime(answer.Header)
	if said {
		lifetime = max(lifetime, time.Nanosecond) // as short as the bounds allow
	}
	return document{body: answer.Body, lifetime: lifetime}, nil
}

// unfetched says why an address has no document.
func unfetched(address string, err error) error {
	if other, ok := errors.AsType[*fetch.StatusError](err); ok {
		return fmt.Errorf("%s answered %d", address, other.Status)
	}
	if _, ok := errors.AsType[*fetch.TooLargeError](err); ok {
		return fmt.Errorf("%s answered with more than 1 MiB", address)
	}
	if errors.Is(err, fetch.ErrCoding) {
		return fmt.Errorf("%s answered with a content coding that was not asked for", address)
	}
	return fmt.Errorf("asking %s: %w", address, err)
}

// checkAddress says what is wrong with an address that is to be fetched: it has to
// be https, unless the host is this one or plain http is allowed in words.
func checkAddress(address string, plainHTTP bool) error {
	u, err := fetch.Address(address)
	switch {
	case err != nil:
		return err
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http":
		return errors.New("its scheme is not https")
	case plainHTTP || fetch.IsLoopback(u.Hostname()):
		return nil
	}
	return errInsecure
}

var errInsecure = errors.New("keys that are fetched over plain http can be anybody's")
