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
	"net/url"
	"strings"
)

// introspectionEndpoint is where an issuer tells about its tokens, and how we tell it
// who asks.
type introspectionEndpoint struct {
	address string
	client  *http.Client
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
func newIntrospectionClient(roots *x509.CertPool) *http.Client {
	client := newClient(roots)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	transport := client.Transport.(*http.Transport)
	transport.MaxConnsPerHost, transport.MaxIdleConnsPerHost = maxAsking, maxAsking
	return client
}

// ask asks about a token (RFC 7662 §2.1). Without token and error it is not active.
func (e *introspectionEndpoint) ask(ctx context.Context, token string) (*verified, error) {
	request, err := e.question(ctx, token)
	if err != nil {
		return nil, errors.New("the question cannot be written")
	}
	response, err := e.client.Do(request)
	if err != nil {
		return nil, unreachable(err)
	}
	defer response.Body.Close()
	if err := judgeStatus(response.StatusCode); err != nil {
		return nil, err
	}
	switch {
	case response.Header.Get("Content-Encoding") != "":
		return nil, errors.New("it answered with a content coding that was not asked for")
	case len(response.Header["Content-Type"]) != 1:
		return nil, errors.New("its answer does not have one Content-Type")
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, unreachable(err)
	}
	if len(body) > maxAnswer {
		return nil, unusable("its answer is longer than 64 KiB")
	}
	return readAnswer(response.Header.Get("Content-Type"), body)
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
	request.Header.Set("User-Agent", "gateway")
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

func judgeStatus(status int) error {
	switch {
	case status == http.StatusOK:
		return nil
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
