// Package admin is what the modules' routes at Caddy's admin endpoint have in common:
// JSON in, JSON out, refusals in Caddy's form, and nothing for web pages.
package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
)

// maxBody bounds the body of a request, in bytes.
const maxBody = 64 << 10

// Route serves one path at the admin endpoint.
func Route(path string, serve func(http.ResponseWriter, *http.Request) error) caddy.AdminRoute {
	return caddy.AdminRoute{Pattern: path, Handler: caddy.AdminHandlerFunc(serve)}
}

// Allow refuses requests with other methods than these. GET includes HEAD.
func Allow(w http.ResponseWriter, r *http.Request, methods ...string) error {
	if i := slices.Index(methods, http.MethodGet); i >= 0 {
		methods = slices.Insert(methods, i+1, http.MethodHead)
	}
	if slices.Contains(methods, r.Method) {
		return nil
	}
	w.Header().Set("Allow", strings.Join(methods, ", "))
	return Refuse(http.StatusMethodNotAllowed, "the method "+r.Method+" is not allowed here")
}

// Refuse returns an error that the admin endpoint answers with a status and a text.
func Refuse(status int, text string) error {
	return caddy.APIError{HTTPStatus: status, Err: errors.New(text), Message: text}
}

// Refusal returns the status and the text of an error that Refuse has made, for those
// who answer in a form of their own; 0 is another error, or none.
func Refusal(err error) (status int, text string) {
	if refused, ok := errors.AsType[caddy.APIError](err); ok {
		return refused.HTTPStatus, refused.Message
	}
	return 0, ""
}

// Answer writes a value as JSON.
func Answer(w http.ResponseWriter, value any) error { return AnswerWith(w, http.StatusOK, value) }

// AnswerWith writes a value as JSON, with another status.
func AnswerWith(w http.ResponseWriter, status int, value any) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// ReadBody returns the body of a request that changes something, or tells of somebody.
// A browser does not send JSON to another origin without asking first, and says where
// it comes from, so that no web page can do it behind its reader's back.
func ReadBody(r *http.Request) ([]byte, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, Refuse(http.StatusUnsupportedMediaType, "the body has to be application/json")
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		return nil, Refuse(http.StatusForbidden, "the request comes from another origin")
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(data) > maxBody {
		return nil, Refuse(http.StatusRequestEntityTooLarge, "the body is larger than 64 KiB, or cannot be read")
	}
	return data, nil
}

// ReadJSON reads such a body into a struct, which has to know every member.
func ReadJSON(r *http.Request, into any) error {
	data, err := ReadBody(r)
	if err != nil {
		return err
	}
	return Decode(data, into)
}

// Decode is the second half of ReadJSON.
func Decode(data []byte, into any) error {
	if err := caddy.StrictUnmarshalJSON(data, into); err != nil {
		return Refuse(http.StatusBadRequest, fmt.Sprintf("the body is not understood: %v", err))
	}
	return nil
}
