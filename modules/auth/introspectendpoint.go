package auth

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"gateway/internal/fetch"
)

// introspectionEndpoint is where an issuer tells about its tokens, and how we tell it
// who asks.
type introspectionEndpoint struct {
	address string
	client  *fetch.Client
	auth    clientAuth
	// id and secret are those of the client; with bearerAuth the secret is a token.
	id, secret string
}

// clientAuth is how a client authenticates.
type clientAuth uint8

const (
	basicAuth  clientAuth = iota // client_secret_basic, RFC 6749 §2.3.1
	postAuth                     // client_secret_post, there as well
	bearerAuth                   // an access token of our own, RFC 7662 §2.1
)

// maxAnswer bounds what an endpoint can make us read about a token, in bytes.
const maxAnswer = 64 << 10

// newIntrospectionClient makes a client that follows no redirect: it carries secrets.
func newIntrospectionClient(roots *x509.CertPool) *fetch.Client {
	return fetch.NewClient(fetch.Options{Timeout: maxIntrospectionTimeout, MaxBytes: maxAnswer, Connections: maxAsking, Roots: roots})
}

// ask asks about a token (RFC 7662 §2.1). Without token and error it is not active.
func (e *introspectionEndpoint) ask(ctx context.Context, token string) (*verified, error) {
	request, err := e.question(ctx, token)
	if err != nil {
		return nil, errors.New("the question cannot be written")
	}
	answer, err := e.client.Do(request)
	if err != nil {
		return nil, notAnswered(err)
	}
	if len(answer.Header["Content-Type"]) != 1 {
		return nil, errors.New("its answer does not have one Content-Type")
	}
	return readAnswer(answer.Header.Get("Content-Type"), answer.Body)
}

// notAnswered says why there is no answer that can be read.
func notAnswered(err error) error {
	if other, ok := errors.AsType[*fetch.StatusError](err); ok {
		return judgeStatus(other.Status)
	}
	if _, ok := errors.AsType[*fetch.TooLargeError](err); ok {
		return unusable("its answer is longer than 64 KiB")
	}
	if errors.Is(err, fetch.ErrCoding) {
		return errors.New("it answered with a content coding that was not asked for")
	}
	return unreachable(err)
}

func (e *introspectionEndpoint) question(ctx context.Context, token string) (*http.Request, error) {
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
	if e.auth == postAuth {
		form.Set("client_id", e.id)
		form.Set("client_secret", e.secret)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	// To ask twice does no harm: a connection that the issuer has just hung up is
	// replaced. Without a value the field is not sent; see http.Transport.
	request.Header["Idempotency-Key"] = nil
	switch e.auth {
	case basicAuth:
		// Both are encoded before they are joined: they may have colons in them.
		request.SetBasicAuth(url.QueryEscape(e.id), url.QueryEscape(e.secret))
	case bearerAuth:
		request.Header.Set("Authorization", "Bearer "+e.secret)
	}
	return request, nil
}

// judgeStatus says what another status than 200 means.
func judgeStatus(status int) error {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return fmt.Errorf("it answered %d: it does not accept the client's credentials", status)
	case status >= 300 && status < 400:
		return fmt.Errorf("it answered %d: redirects are not followed, so configure the address that this one leads to", status)
	case status == http.StatusBadRequest, status == http.StatusRequestEntityTooLarge, status == http.StatusUnprocessableEntity:
		return aboutToken{fmt.Errorf("it answered %d", status)}
	}
	return fmt.Errorf("it answered %d", status)
}

// unreachable says why there is no answer. Other texts of the library may quote what
// came over the connection, which may quote the token.
func unreachable(err error) error {
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return errors.New("it did not answer in time")
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op
	}
	if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return untrusted
	}
	return errors.New("the connection failed, or what came over it is not HTTP")
}
