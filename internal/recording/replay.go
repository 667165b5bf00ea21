package recording

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

// ReplayHeader carries the ticket of a repeated request to the gateway itself. It goes
// no further.
const ReplayHeader = "X-Gateway-Replay"

// maxReplays bounds the repeated requests that are under way.
const maxReplays = 8

// ErrReplays tells that there are that many already.
var ErrReplays = errors.New("too many requests are being repeated")

// replays are the tickets of requests that are being repeated.
type replays struct {
	waiting atomic.Int64
	mu      sync.Mutex
	tickets map[string]*Replay
}

// Replay is one repeated request.
type Replay struct {
	// Ticket is the value of ReplayHeader. It is good for one request.
	Ticket string
	of     string
	id     string
	from   *replays
}

// Repeat announces that a request will be repeated. End has to be called.
func (rec *Recording) Repeat(of string) (*Replay, error) {
	all := &rec.replays
	all.mu.Lock()
	defer all.mu.Unlock()
	if len(all.tickets) == maxReplays {
		return nil, ErrReplays
	}
	if all.tickets == nil {
		all.tickets = make(map[string]*Replay)
	}
	replay := &Replay{Ticket: rand.Text(), of: of, from: all}
	all.tickets[replay.Ticket] = replay
	all.waiting.Add(1)
	return replay, nil
}

// ID returns the id of the request that had the ticket, "" if none has come.
func (r *Replay) ID() string {
	r.from.mu.Lock()
	defer r.from.mu.Unlock()
	return r.id
}

// End makes the ticket void.
func (r *Replay) End() {
	r.from.mu.Lock()
	defer r.from.mu.Unlock()
	delete(r.from.tickets, r.Ticket)
	r.from.waiting.Add(-1)
}

// claim takes the ticket off a request, and returns which request it repeats.
func (all *replays) claim(r *http.Request, id string) string {
	values := r.Header[ReplayHeader]
	if len(values) != 1 {
		return ""
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	replay := all.tickets[values[0]]
	if replay == nil || replay.id != "" {
		return ""
	}
	delete(r.Header, ReplayHeader)
	replay.id = strings.Clone(id)
	return replay.of
}

// Listener returns where the request came in, "" if it did not come over a connection,
// and the name that the client asked for in TLS.
func (e *Entry) Listener() (network, address, serverName string) {
	return e.local.network, e.local.address, e.local.serverName
}
