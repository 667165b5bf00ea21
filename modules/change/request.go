package change

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	core "gateway/internal/change"
	"gateway/internal/exchange"
	"gateway/internal/inflate"
	"gateway/internal/problem"
)

// refuseLength refuses bodies that are longer than the bound.
func refuseLength(limit int64) *problem.Refusal {
	return &problem.Refusal{
		Reason: problem.ChangeFailed, Status: http.StatusRequestEntityTooLarge,
		Detail: fmt.Sprintf("A body in an older version of the API may have %d bytes.", limit),
	}
}

// refuse says that a request cannot be carried. It keeps its own contract, and there is
// no such request in the newer one: the value is the client's.
func refuse(err error) *problem.Refusal {
	refusal := &problem.Refusal{
		Reason: problem.ChangeFailed, Status: http.StatusUnprocessableEntity,
		Detail: "The request has no form in the version that the service speaks.", Cause: err,
	}
	if failure, ok := errors.AsType[*core.Failure](err); ok && failure.Pointer != "" {
		pointer := failure.Pointer
		refusal.Violations = []problem.Violation{{Pointer: &pointer, Rule: "change", Message: failure.Message}}
	}
	return refusal
}

var (
	unreadable = &problem.Refusal{Reason: problem.ChangeFailed, Status: http.StatusBadRequest, Detail: "The body could not be read."}
	miscoded   = &problem.Refusal{Reason: problem.ChangeFailed, Status: http.StatusUnsupportedMediaType, Detail: "The body cannot be decoded.", Header: http.Header{"Accept-Encoding": {"gzip, deflate, zstd"}}}
)

// forward carries a request to the version that the service speaks.
func (w *Way) forward(x *exchange.Exchange, r *http.Request, h *Handler) *problem.Refusal {
	if !w.carrier.OnRequest() {
		w.point(r)
		return nil
	}
	message := core.Request{Method: r.Method, Values: x.Params, Query: r.URL.RawQuery, Header: r.Header, MediaType: mediaType(r.Header)}
	read := r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0 && w.carrier.RequestBody(message.MediaType)
	if read {
		var refusal *problem.Refusal
		if message.Body, refusal = h.readBody(r); refusal != nil {
			return refusal
		}
	}
	if err := w.carrier.Request(&message); err != nil {
		return refuse(err)
	}
	r.Method = message.Method
	r.URL.RawQuery = message.Query
	w.point(r)
	if message.Target != "" {
		w.move(r, message.Target)
	}
	r.RequestURI = r.URL.RequestURI()
	if read && len(message.Body) > 0 {
		replaceBody(r, message.Body)
	}
	return nil
}

// move points the request at another path of the newest version, which is escaped.
func (w *Way) move(r *http.Request, target string) {
	path, err := url.PathUnescape(target)
	if err != nil {
		path = target // it was made by escaping, so this does not happen
	}
	r.URL.Path, r.URL.RawPath = rooted(w.to+path), rooted(w.to+target)
	if r.URL.RawPath == r.URL.Path {
		r.URL.RawPath = ""
	}
}

// readBody reads a body and takes its content coding off. What was read stays in place
// for whoever passes it on as it is.
func (h *Handler) readBody(r *http.Request) ([]byte, *problem.Refusal) {
	coding, known := inflate.Of(r.Header["Content-Encoding"], inflate.Codings)
	switch {
	case r.ContentLength > h.MaxBody:
		return nil, h.tooLarge
	case !known:
		return nil, miscoded
	}
	sent := r.Body
	body, err := io.ReadAll(io.LimitReader(sent, h.MaxBody+1))
	// A policy that only reports lets it go on.
	r.Body = &again{io.MultiReader(bytes.NewReader(body), sent), sent}
	if _, limited := errors.AsType[*http.MaxBytesError](err); limited || int64(len(body)) > h.MaxBody {
		return nil, h.tooLarge
	}
	if err != nil {
		return nil, unreadable
	}
	if coding == "" {
		return body, nil
	}
	decoded, err := coding.Decode(nil, body, inflate.Bound(len(body), h.MaxBody))
	switch {
	case err == inflate.ErrExpanded:
		return nil, h.tooLarge
	case err != nil:
		return nil, miscoded
	}
	return decoded, nil
}

// again is a body that was read and comes again.
type again struct {
	io.Reader
	io.Closer
}

// replaceBody gives a request another body, which may be read again for a second
// attempt. Digests of the body that was sent are not those of this one (RFC 9530 §2).
func replaceBody(r *http.Request, body []byte) {
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.ContentLength, r.TransferEncoding = int64(len(body)), nil
	r.Header["Content-Length"] = []string{strconv.Itoa(len(body))}
	delete(r.Header, "Content-Encoding")
	dropDigests(r.Header)
}

// dropDigests removes what a digest of content was taken of before it was carried, from
// what has come as a trailer too.
func dropDigests(header http.Header) {
	for _, field := range []string{"Content-Digest", "Repr-Digest", "Digest", "Content-Md5"} {
		delete(header, field)
		delete(header, http.TrailerPrefix+field)
	}
}

// mediaType returns the media type of a message, lower case without parameters; "" if
// there is none, or more than one.
func mediaType(header http.Header) string {
	fields := header["Content-Type"]
	if len(fields) != 1 {
		return ""
	}
	kind, _, _ := strings.Cut(fields[0], ";")
	return strings.ToLower(strings.Trim(kind, " \t"))
}
