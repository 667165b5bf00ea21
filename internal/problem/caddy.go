package problem

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
)

// HandlerError returns f as the error that Caddy's error routes understand.
func (f *Refusal) HandlerError() error {
	return caddyhttp.HandlerError{StatusCode: f.Code(), Err: f}
}

// FromError finds the refusal in an error that a Caddy handler returned; what the
// reverse proxy reports becomes one with an upstream reason. The second result is
// false when err is neither ours nor the upstream's.
func FromError(err error) (*Refusal, bool) {
	if f, ok := errors.AsType[*Refusal](err); ok {
		return f, true
	}
	handlerErr, ok := errors.AsType[caddyhttp.HandlerError](err)
	if !ok || handlerErr.StatusCode < 500 || !fromProxy(handlerErr) {
		return nil, false
	}
	return &Refusal{Reason: upstreamReason(handlerErr), Cause: err}, true
}

// fromProxy tells whether the error was made by the reverse proxy. The trace is the
// only mark it leaves: caddyhttp.Error records the calling package in it.
func fromProxy(err caddyhttp.HandlerError) bool {
	return strings.HasPrefix(err.Trace, "reverseproxy.")
}

// upstreamReason sorts the proxy's failures. The order matters: a dial that timed
// out is a service that cannot be reached, not a slow one.
func upstreamReason(err caddyhttp.HandlerError) *Reason {
	var netErr net.Error
	switch {
	case err.StatusCode == http.StatusServiceUnavailable:
		return UpstreamNoHealthy
	case isDial(err.Err):
		return UpstreamRefused
	case err.StatusCode == http.StatusGatewayTimeout,
		errors.Is(err.Err, context.DeadlineExceeded),
		errors.As(err.Err, &netErr) && netErr.Timeout():
		return UpstreamTimeout
	case errors.Is(err.Err, io.EOF), errors.Is(err.Err, io.ErrUnexpectedEOF),
		errors.Is(err.Err, syscall.ECONNRESET), errors.Is(err.Err, syscall.EPIPE):
		return UpstreamReset
	default:
		return UpstreamBadResponse
	}
}

// UpstreamReason sorts an error of a transport or of the body of its response.
func UpstreamReason(err error) *Reason {
	return upstreamReason(caddyhttp.HandlerError{Err: err, StatusCode: http.StatusBadGateway})
}

func isDial(err error) bool {
	if _, ok := errors.AsType[reverseproxy.DialError](err); ok {
		return true
	}
	opErr, ok := errors.AsType[*net.OpError](err)
	return ok && opErr.Op == "dial"
}

// StatusOf returns the status that Caddy would answer err with.
func StatusOf(err error) int {
	if handlerErr, ok := errors.AsType[caddyhttp.HandlerError](err); ok && handlerErr.StatusCode != 0 {
		return handlerErr.StatusCode
	}
	if f, ok := errors.AsType[*Refusal](err); ok {
		return f.Code()
	}
	return http.StatusInternalServerError
}

// WriteError answers with the problem document for any error of a handler chain.
// What is neither a refusal nor the upstream's fault becomes a problem of type
// "about:blank", whose title is the status phrase (RFC 9457 §4.2.1): its text may
// hold internals and stays out.
func WriteError(w http.ResponseWriter, r *http.Request, err error, requestID string) error {
	if f, ok := FromError(err); ok {
		return Write(w, r, f, requestID)
	}
	return Write(w, r, blank(StatusOf(err)), requestID)
}

// blank returns a refusal that stands for a bare status.
func blank(status int) *Refusal {
	return &Refusal{Reason: &Reason{Status: status, Title: http.StatusText(status)}}
}
