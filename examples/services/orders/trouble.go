package orders

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"time"
)

// Mode is a way to misbehave, for showing what the gateway makes of it.
type Mode string

// Modes. A request chooses its own with the header Demo-Mode.
const (
	Good  Mode = ""      // none
	Slow  Mode = "slow"  // answers late
	Flaky Mode = "flaky" // every second request fails: a 503, a cut connection, and so on in turn
	Lie   Mode = "lie"   // answers 200 with a body that breaks the contract
)

// ModeHeader is the request field that chooses the mode of one request.
const ModeHeader = "Demo-Mode"

// ParseMode reads the word for a mode.
func ParseMode(word string) (Mode, error) {
	switch mode := Mode(word); mode {
	case Good, Slow, Flaky, Lie:
		return mode, nil
	}
	return Good, fmt.Errorf("unknown mode %q: use slow, flaky or lie", word)
}

// trouble makes the service misbehave.
type trouble struct {
	mode  Mode
	delay time.Duration
	count atomic.Int64 // requests in flaky mode
}

// pass tells whether the request goes on to the service.
func (t *trouble) pass(w http.ResponseWriter, r *http.Request) bool {
	mode := t.mode
	if chosen := r.Header.Get(ModeHeader); chosen != "" {
		mode = Mode(chosen)
	}
	switch mode {
	case Slow:
		return wait(r, t.delay)
	case Flaky:
		return t.flake(w)
	case Lie:
		respond(w, http.StatusOK, map[string]any{"id": 1, "status": "lost", "items": "none"})
		return false
	}
	return true
}

// wait tells whether the client had the patience.
func wait(r *http.Request, delay time.Duration) bool {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

func (t *trouble) flake(w http.ResponseWriter) bool {
	switch t.count.Add(1) % 4 {
	case 2:
		refuse(w, http.StatusServiceUnavailable, "the service is flaky today")
		return false
	case 0:
		panic(http.ErrAbortHandler) // cuts the connection
	}
	return true
}
