package console

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"time"

	"gateway/internal/admin"
	"gateway/internal/recording"
)

// tokenHeader carries the token of the process. A page of another origin cannot set the
// field without asking first, and does not know the token.
const tokenHeader = "X-Console-Token"

const (
	// replayTimeout bounds a repeated request, and maxReplayed what is read of its
	// response, in bytes.
	replayTimeout = 30 * time.Second
	maxReplayed   = 1 << 20
	// settleTimeout is how long the record of a repeated request is waited for.
	settleTimeout = 2 * time.Second
)

// newToken returns a text that nobody guesses.
func newToken() string { return rand.Text() }

// replayed answers a repeated request.
type replayed struct {
	ID      string   `json:"id"` // "" if no policy has seen the request
	Status  int      `json:"status"`
	LeftOut []string `json:"left_out"` // what was masked or cut, and is not sent
}

// serveReplay sends a request once more, through the listener that it came in by, so
// that every policy applies again.
func (c *Console) serveReplay(w http.ResponseWriter, r *http.Request) {
	if !allowed(w, r) {
		return
	}
	body, err := admin.ReadBody(r)
	var edit edit
	if err == nil {
		err = admin.Decode(body, &edit)
	}
	if status, text := admin.Refusal(err); status != 0 {
		refuse(w, refusal{Status: status, Title: "The question is not understood", Detail: text})
		return
	}
	entry := c.entry(w, r)
	if entry == nil {
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(replayTimeout + patience))
	ctx, cancel := context.WithTimeout(r.Context(), replayTimeout)
	defer cancel()
	answered, err := c.repeat(ctx, entry, &edit)
	if no, ok := errors.AsType[refusal](err); ok {
		refuse(w, no)
		return
	}
	if err != nil {
		refuse(w, refusal{Status: http.StatusBadGateway, Title: "The gateway did not answer its own request", Detail: err.Error()})
		return
	}
	answer(w, http.StatusOK, answered)
}

// allowed tells whether the console's own page asks, or somebody who was told the token.
func allowed(w http.ResponseWriter, r *http.Request) bool {
	if subtle.ConstantTimeCompare([]byte(r.Header.Get(tokenHeader)), []byte(process.token)) != 1 {
		refuse(w, refusal{
			Status: http.StatusForbidden, Title: "The token is missing or wrong",
			Detail: "Send the member token of /api/state in the field " + tokenHeader + ".",
		})
		return false
	}
	if r.Header.Get("Sec-Fetch-Site") != "same-origin" && otherOrigin(r) {
		refuse(w, refusal{Status: http.StatusForbidden, Title: "The request comes from another origin"})
		return false
	}
	return true
}

// repeat sends the request and waits until it is recorded.
func (c *Console) repeat(ctx context.Context, entry *recording.Entry, edit *edit) (*replayed, error) {
	request, leftOut, err := edit.apply(ctx, entry)
	if err != nil {
		return nil, err
	}
	replay, err := c.recording.Repeat(entry.ID)
	if err != nil {
		return nil, refusal{Status: http.StatusServiceUnavailable, Title: "Too many requests are being repeated"}
	}
	defer replay.End()
	request.Header[recording.ReplayHeader] = []string{replay.Ticket}
	transport := transportTo(entry)
	defer transport.CloseIdleConnections()
	res, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if kind := res.Header.Get("Content-Type"); kind != "text/event-stream" {
		_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxReplayed)) // what matters is recorded
	}
	_ = res.Body.Close()
	answered := &replayed{ID: replay.ID(), Status: res.StatusCode, LeftOut: leftOut}
	c.await(ctx, answered.ID)
	return answered, nil
}

// await waits until a request is recorded, so that whoever asked for it finds it.
func (c *Console) await(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	for id != "" && c.recording.Find(id) == nil {
		select {
		case <-ctx.Done():
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}
