package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"gateway/internal/filter"
	"gateway/internal/recording"
)

const (
	// heartbeat is the time between two signs of life.
	heartbeat = 15 * time.Second
	// patience is how long a listener may take to read what it is told. Then it is cut
	// off, and may come back with the number of what it has read last.
	patience = 5 * time.Second
)

// serveEvents tells of every request as it ends (HTML, "Server-sent events").
func (c *Console) serveEvents(w http.ResponseWriter, r *http.Request) {
	wanted, ok := filterOf(w, r)
	if !ok {
		return
	}
	after, ok := c.after(w, r)
	if !ok {
		return
	}
	listener, err := c.recording.Listen(after)
	if err != nil {
		w.Header().Set("Retry-After", "5")
		refuse(w, refusal{
			Status: http.StatusServiceUnavailable, Title: "Too many listen already",
			Detail: fmt.Sprintf("There are %d streams; close a page or a terminal.", recording.MaxListeners),
		})
		return
	}
	defer listener.Stop()
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	s := stream{w: w, control: http.NewResponseController(w), states: c.recording.States()}
	_ = s.control.SetReadDeadline(time.Time{}) // that of the server ends a silent connection
	s.event("state", 0, []byte("{}"))
	c.follow(r, &s, listener, wanted)
}

// after returns the number of the last request that the listener knows.
func (c *Console) after(w http.ResponseWriter, r *http.Request) (uint64, bool) {
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		if n, err := strconv.ParseUint(last, 10, 64); err == nil {
			return n, true
		}
	}
	if r.URL.Query().Get("after") == "" {
		return c.recording.Latest(), true
	}
	return numberOf(w, r, "after", 0, 0)
}

// follow writes what there is until the listener or the console has gone.
func (c *Console) follow(r *http.Request, s *stream, listener *recording.Listener, wanted *filter.Filter) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		entries, gap, more := listener.Next()
		if gap {
			s.event("gap", 0, []byte("{}"))
		}
		for _, entry := range entries {
			if !wanted.Match(&entry.Row) {
				continue
			}
			if text, err := json.Marshal(&entry.Row); err == nil {
				s.event("request", entry.Seq, text)
			}
		}
		if states := c.recording.States(); states != s.states {
			s.states = states
			s.event("state", 0, []byte("{}"))
		}
		if !s.flush() {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-c.stopping:
			return
		case <-more:
		case <-beat.C:
			s.comment("still here")
		}
	}
}

// stream writes events. It stops at the first write that fails or takes too long.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	states  uint64
	failed  bool
}

func (s *stream) write(text []byte) {
	if s.failed {
		return
	}
	if err := s.control.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		s.failed = true
		return
	}
	if _, err := s.w.Write(text); err != nil {
		s.failed = true
	}
}

// event writes one event. JSON has no line breaks, so that it is one line.
func (s *stream) event(name string, id uint64, data []byte) {
	text := append(append(append([]byte("event: "), name...), "\ndata: "...), data...)
	if id > 0 {
		text = strconv.AppendUint(append(text, "\nid: "...), id, 10)
	}
	s.write(append(text, "\n\n"...))
}

func (s *stream) comment(text string) { s.write([]byte(": " + text + "\n\n")) }

// flush sends what was written, and tells whether it worked so far.
func (s *stream) flush() bool {
	if s.failed || s.control.Flush() != nil {
		return false
	}
	return true
}
