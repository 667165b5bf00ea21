package validate

import (
	"bytes"
	"errors"
	"io"
	"net/http"

	"gateway/internal/problem"
)

// hasBody tells whether a request has a body of at least one byte. Where the length
// is not declared, one byte is read ahead.
func hasBody(r *http.Request) (bool, error) {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return false, nil
	}
	if r.ContentLength > 0 {
		return true, nil
	}
	var first [1]byte
	if _, err := io.ReadFull(r.Body, first[:]); err != nil {
		if err == io.EOF {
			r.Body, r.ContentLength = http.NoBody, 0
			return false, nil
		}
		return false, err
	}
	r.Body = &prefixed{Reader: io.MultiReader(bytes.NewReader(first[:]), r.Body), Closer: r.Body}
	return true, nil
}

// prefixed is a body of which a part was read already.
type prefixed struct {
	io.Reader
	io.Closer
}

// readBody reads the body up to limit bytes and puts it back: the next handler reads
// the same bytes, and the proxy may read them again for a second attempt. What is
// too large is put back as well, because the policy may only be reporting.
func readBody(r *http.Request, limit int64) (body *sent, tooLarge bool, err error) {
	original := r.Body
	body = newSent(original)
	tooLarge, err = body.fill(original, r.ContentLength, limit)
	if _, limited := errors.AsType[*http.MaxBytesError](err); limited {
		body.discard()
		return nil, true, nil
	}
	if err != nil {
		body.discard()
		return nil, false, err
	}
	body.block = body.first
	if tooLarge {
		r.Body = &prefixed{Reader: io.MultiReader(body, original), Closer: body}
		return nil, true, nil
	}
	r.Body, r.ContentLength, r.GetBody = body, body.size, body.again
	return body, false, nil
}

// limitBody bounds a body that is passed on unread.
func limitBody(r *http.Request, limit int64, tooLarge *problem.Refusal) {
	if r.ContentLength < 0 {
		r.Body = &limited{r.Body, limit, tooLarge}
	}
}

// limited is a body that fails with a refusal once it is longer than it may be. The
// proxy hands the error back unchanged.
type limited struct {
	io.ReadCloser
	left     int64
	tooLarge *problem.Refusal
}

// Read implements io.Reader.
func (l *limited) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, l.tooLarge.HandlerError()
	}
	return n, err
}
