// Package tail follows the requests of a running gateway in the terminal, through its
// console: the command gateway tail, and the lines of gateway dev.
//
//	tail.go     connecting, and connecting again
//	events.go   server-sent events
//	line.go     one request as lines
//	command.go  the command
//
// What clients and services sent is printed only once nothing in it is for the terminal
// to obey.
package tail

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"gateway/internal/recording"
	"gateway/internal/terminal"
)

// Options say what is followed, and how it is printed.
type Options struct {
	// Address is host and port of the console.
	Address string
	// Filter is in the language of internal/filter.
	Filter string
	// JSON prints each request as one line of JSON.
	JSON bool
	// Bodies prints the bodies, too.
	Bodies bool
	// Colour sets things off.
	Colour bool
	// Quiet says nothing of connections that are lost and come back, nor of
	// configurations: somebody else does.
	Quiet bool
}

// Follower follows one gateway. It is for one goroutine.
type Follower struct {
	options Options
	out     io.Writer // gets whole blocks of lines
	notes   io.Writer // what is not about requests
	client  *http.Client
	last    uint64
	marked  bool   // last is where to go on
	fault   string // the load error that was told last
}

// maxAnswer bounds what is read of an answer, in bytes: 500 requests with bodies fit.
const maxAnswer = 64 << 20

// New returns a follower that prints requests to out, and all else to notes.
func New(options Options, out, notes io.Writer) *Follower {
	return &Follower{options: options, out: out, notes: notes, client: &http.Client{Transport: &http.Transport{Proxy: nil}}}
}

// errAway tells that there is nobody at the address.
var errAway = errors.New("no console answers")

// refusalError is what a console says no with.
type refusalError struct {
	Title    string `json:"title"`
	Detail   string `json:"detail"`
	Hint     string `json:"hint"`
	Position *int   `json:"position"`
	Length   int    `json:"length"`
	status   int
}

// Error implements error.
func (e *refusalError) Error() string {
	text := e.Title + ": " + e.Detail
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return terminal.Line(text)
}

// get asks the console. The caller closes the body.
func (f *Follower) get(ctx context.Context, path string, query url.Values) (*http.Response, error) {
	address := url.URL{Scheme: "http", Host: f.options.Address, Path: path, RawQuery: query.Encode()}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, err
	}
	res, err := f.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("%w at %s: %w", errAway, f.options.Address, err)
	}
	if res.StatusCode == http.StatusOK {
		return res, nil
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	refused := &refusalError{status: res.StatusCode}
	if json.Unmarshal(text, refused) != nil || refused.Title == "" {
		refused.Title, refused.Detail = "what answers is no console", res.Status
	}
	return nil, refused
}

// ask reads one answer as JSON.
func (f *Follower) ask(ctx context.Context, path string, query url.Values, into any) error {
	const patience = 5 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	res, err := f.get(ctx, path, query)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(into)
}

// Last prints the last n requests, oldest first.
func (f *Follower) Last(ctx context.Context, n int) error {
	query := url.Values{"limit": {strconv.Itoa(n)}}
	if f.options.Filter != "" {
		query.Set("filter", f.options.Filter)
	}
	var answer struct {
		Requests []json.RawMessage `json:"requests"`
	}
	if err := f.ask(ctx, "/api/requests", query, &answer); err != nil {
		return err
	}
	f.marked = len(answer.Requests) > 0
	for i := len(answer.Requests) - 1; i >= 0; i-- {
		if err := f.request(ctx, answer.Requests[i]); err != nil {
			return err
		}
	}
	return nil
}

// pauses between attempts to connect again.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 2 * time.Second
)

// Follow prints requests as they end, until the context does. A gateway that goes away is
// waited for; one that was never there, and a filter that is wrong, are errors.
func (f *Follower) Follow(ctx context.Context) error {
	connected, told := false, false
	for pause := firstPause; ctx.Err() == nil; pause = min(2*pause, lastPause) {
		err := f.listen(ctx, func() {
			if told {
				f.note("the gateway at %s is back", f.options.Address)
			}
			connected, told, pause = true, false, firstPause
		})
		if refused, ok := errors.AsType[*refusalError](err); ok && refused.status != http.StatusServiceUnavailable || !connected {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		if errors.Is(err, errAway) && !told && ctx.Err() == nil {
			f.note("the gateway at %s has gone; waiting for it", f.options.Address)
			told = true
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	return nil
}

// mark begins after the newest request, so that none is missed once the first connection
// has been lost.
func (f *Follower) mark(ctx context.Context) error {
	var answer struct {
		Requests []struct {
			Seq uint64 `json:"seq"`
		} `json:"requests"`
	}
	if err := f.ask(ctx, "/api/requests", url.Values{"limit": {"1"}}, &answer); err != nil {
		return err
	}
	if len(answer.Requests) > 0 {
		f.last = max(f.last, answer.Requests[0].Seq)
	}
	f.marked = true
	return nil
}

// listen follows one connection until it ends.
func (f *Follower) listen(ctx context.Context, connected func()) error {
	if !f.marked {
		if err := f.mark(ctx); err != nil {
			return err
		}
	}
	query := url.Values{"after": {strconv.FormatUint(f.last, 10)}}
	if f.options.Filter != "" {
		query.Set("filter", f.options.Filter)
	}
	res, err := f.get(ctx, "/api/events", query)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	connected()
	return readEvents(res.Body, func(e event) error {
		switch e.name {
		case "request":
			return f.request(ctx, e.data)
		case "gap":
			f.last = 0
			f.note("some requests are missing here: they have left the memory of the gateway, or it has started anew")
		case "state":
			f.state(ctx)
		}
		return nil
	})
}

// request prints one request. The details are asked for where they say why.
func (f *Follower) request(ctx context.Context, data []byte) error {
	var entry recording.Entry
	if err := json.Unmarshal(data, &entry.Row); err != nil {
		return fmt.Errorf("the console speaks another language: %w", err)
	}
	f.last = max(f.last, entry.Seq)
	detailed := f.options.Bodies || interesting(&entry.Row)
	if detailed {
		var detail json.RawMessage
		if err := f.ask(ctx, "/api/requests/"+url.PathEscape(entry.ID), nil, &detail); err == nil {
			var full recording.Entry
			if json.Unmarshal(detail, &full) == nil && full.ID == entry.ID {
				row := entry.Row
				entry = full
				entry.Row = row
				if f.options.Bodies {
					data = detail
				}
			}
		} // else it has left already: the row says enough
	}
	if f.options.JSON {
		_, err := f.out.Write(append(terminal.Escape(bytes.TrimSpace(data)), '\n'))
		return err
	}
	_, err := io.WriteString(f.out, render(&entry, f.options))
	return err
}

// state tells of a configuration that came to nothing, once, and of its repair.
func (f *Follower) state(ctx context.Context) {
	if f.options.Quiet {
		return
	}
	var answer struct {
		LoadError *struct {
			Text string `json:"text"`
		} `json:"load_error"`
	}
	if f.ask(ctx, "/api/state", nil, &answer) != nil {
		return // the next event tells
	}
	text := ""
	if answer.LoadError != nil {
		text = answer.LoadError.Text
	}
	switch {
	case text == f.fault:
	case text == "":
		f.note("the configuration is good again")
	default:
		f.note("the newest configuration is not in use:")
		for line := range bytes.Lines([]byte(text)) {
			fmt.Fprintln(f.notes, "  "+terminal.Line(string(line)))
		}
	}
	f.fault = text
}

// note says something that is not about one request.
func (f *Follower) note(format string, args ...any) {
	if !f.options.Quiet {
		fmt.Fprintln(f.notes, terminal.Paint(f.options.Colour, terminal.Dim, "— "+terminal.Line(fmt.Sprintf(format, args...))))
	}
}
