package console

import (
	"errors"
	"net/http"
	"strconv"

	"gateway/internal/filter"
	"gateway/internal/recording"
)

// maxListed bounds the requests of one answer, and defaultListed is how many there are
// unless somebody asks for another number.
const (
	maxListed     = recording.Capacity
	defaultListed = 100
)

// serveRequests lists requests, newest first.
func (c *Console) serveRequests(w http.ResponseWriter, r *http.Request) {
	wanted, ok := filterOf(w, r)
	if !ok {
		return
	}
	before, ok := numberOf(w, r, "before", 0, 0)
	if !ok {
		return
	}
	limit, ok := numberOf(w, r, "limit", defaultListed, maxListed)
	if !ok {
		return
	}
	rows, more := []*recording.Row{}, false
	for _, entry := range c.recording.Entries() {
		if before > 0 && entry.Seq >= before || !wanted.Match(&entry.Row) {
			continue
		}
		if more = uint64(len(rows)) == limit; more {
			break
		}
		rows = append(rows, &entry.Row)
	}
	answer(w, http.StatusOK, map[string]any{"requests": rows, "seen": c.recording.State().Seen, "more": more})
}

// serveRequest shows one request.
func (c *Console) serveRequest(w http.ResponseWriter, r *http.Request) {
	if entry := c.entry(w, r); entry != nil {
		answer(w, http.StatusOK, entry)
	}
}

// entry returns the request that the path names, or says that there is none.
func (c *Console) entry(w http.ResponseWriter, r *http.Request) *recording.Entry {
	entry := c.recording.Find(r.PathValue("id"))
	if entry == nil {
		refuse(w, refusal{
			Status: http.StatusNotFound, Title: "The request is not remembered",
			Detail: "The last " + strconv.Itoa(recording.Capacity) + " requests are; this one has left, or there never was one.",
		})
	}
	return entry
}

// filterOf compiles the filter of a request, or says what is wrong with it.
func filterOf(w http.ResponseWriter, r *http.Request) (*filter.Filter, bool) {
	wanted, err := filter.Parse(r.URL.Query().Get("filter"))
	if err == nil {
		return wanted, true
	}
	answer := refusal{Status: http.StatusBadRequest, Title: "The filter is not understood", Detail: err.Error()}
	if mistake, ok := errors.AsType[*filter.Error](err); ok {
		answer.Detail, answer.Hint, answer.Position, answer.Length = mistake.Message, mistake.Hint, &mistake.Position, mistake.Length
	}
	refuse(w, answer)
	return nil, false
}

// numberOf reads a parameter; bound 0 is none.
func numberOf(w http.ResponseWriter, r *http.Request, name string, without, bound uint64) (uint64, bool) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return without, true
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || bound > 0 && (n == 0 || n > bound) {
		detail := name + " has to be a number"
		if bound > 0 {
			detail += " from 1 to " + strconv.FormatUint(bound, 10)
		}
		refuse(w, refusal{Status: http.StatusBadRequest, Title: "The question is not understood", Detail: detail + "."})
		return 0, false
	}
	return n, true
}
