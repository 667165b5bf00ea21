package recording

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"gateway/internal/exchange"
	"gateway/internal/hostile"
)

// exchanged is one request and its response, as the gateway's first handler drives it.
type exchanged struct {
	x *exchange.Exchange
	r *http.Request
}

func begin(rec *Recording, id string, r *http.Request) exchanged {
	x := &exchange.Exchange{RequestID: id, Start: time.Now(), Status: 200, Route: route}
	rec.Begin(x, r)
	return exchanged{x, r}
}

func (e exchanged) respond(header http.Header, body []byte) {
	if e.x.Watcher != nil {
		e.x.Watcher.Began(header)
		e.x.Watcher.Wrote(body)
	}
	e.x.Bytes = int64(len(body))
}

func started(t testing.TB) *Recording {
	rec := New()
	t.Cleanup(rec.Close)
	return rec
}

// TestHostileSizesAreBounded: floods of header fields and bodies of 10 MB, a thousand of
// them under way at once and then remembered, never take up more than the bound. That is
// checked against the heap as well, so that nothing is held that is not counted.
func TestHostileSizesAreBounded(t *testing.T) {
	rec := started(t)
	before := heap()
	// Texts of their own for every request, as from a connection.
	flood := func(i int) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/"+strings.Repeat("p", 100<<10), endless(10<<20))
		r.ContentLength = 10 << 20
		r.Header.Set("Content-Type", "application/json")
		for n := range 80 {
			r.Header.Set(fmt.Sprintf("X-%d", n), strings.Repeat(string(rune('a'+i%26)), 2<<10))
		}
		return r
	}
	huge, flooding := bytes.Repeat([]byte("x"), 1<<20), strings.Repeat("v", 1<<20)
	most := int64(0)
	look := func() {
		if state := rec.State(); state.Bytes > most {
			most = state.Bytes
		}
	}
	for round := range 5 {
		var flying []exchanged
		for i := range 200 {
			e := begin(rec, fmt.Sprint(round, i), flood(i))
			_, _ = io.CopyN(io.Discard, e.r.Body, 64<<10)
			e.respond(http.Header{"X-Big": {flooding}, "Content-Type": {"text/plain"}}, huge)
			e.r.Header = http.Header{} // what the connection held has gone
			flying = append(flying, e)
			look()
		}
		for _, e := range flying {
			rec.Record(e.x, e.r)
			look()
		}
	}
	if most > MaxBytes {
		t.Errorf("%d bytes were held, the bound is %d", most, int64(MaxBytes))
	}
	for _, settled := range []bool{false, true} {
		if settled {
			rec.Entries()
		}
		if held := heap() - before; held > MaxBytes {
			t.Errorf("settled %t: the heap has grown by %d bytes, the bound is %d; counted are %d", settled, held, int64(MaxBytes), rec.State().Bytes)
		}
	}
	for _, e := range rec.Entries() {
		if len(e.Request.Body.Text) > maxBody || len(e.Response.Body.Text) > maxBody || len(e.Request.Header) > maxFields || len(e.Path) > maxTarget+len("…") {
			t.Fatalf("beyond the bounds: %d %d %d %d", len(e.Request.Body.Text), len(e.Response.Body.Text), len(e.Request.Header), len(e.Path))
		}
		for _, field := range append(e.Request.Header, e.Response.Header...) {
			if len(field[1]) > maxValue+len("…") {
				t.Fatalf("a value of %d bytes", len(field[1]))
			}
		}
	}
	runtime.KeepAlive(rec)
}

// TestHostileChangesAreBounded: steps that replace, add and remove huge fields of many
// values, more often than is noted, hold and count no more than is shown of them, while
// the requests are under way and afterwards.
func TestHostileChangesAreBounded(t *testing.T) {
	rec := started(t)
	before := heap()
	var flying []exchanged
	const requests, long = 10, 100 << 10
	for i := range requests {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		e := begin(rec, fmt.Sprint(i), r)
		for step := range maxChanges + 10 {
			huge := strings.Repeat(string(rune('a'+step%26)), long)
			r.Header = http.Header{fmt.Sprintf("X-%d", step): {huge, huge, huge}, "X-Same": {huge}}
			r.URL.Path, r.URL.RawQuery = "/"+huge, huge
			e.x.Watcher.Decided(r, "Caddyfile:1")
			e.x.Watcher.Changed(exchange.Change{Where: exchange.ResponseBody, Before: huge, After: huge})
		}
		r.Header, r.URL.Path, r.URL.RawQuery = http.Header{}, "/", "" // what the connection held has gone
		flying = append(flying, e)
	}
	counted := rec.State().Bytes
	// What the last step left is the request's own: path, query and fields.
	if held := heap() - before; held > counted+4*requests*long {
		t.Errorf("under way, the heap has grown by %d bytes, of which %d are counted", held, counted)
	}
	for _, e := range flying {
		rec.Record(e.x, e.r)
	}
	if n := rec.inFlight.Load(); n != 0 {
		t.Errorf("%d bytes are in flight after the end", n)
	}
	for _, e := range rec.Entries() {
		for _, step := range e.Steps {
			for _, c := range step.Changes {
				if bound := map[bool]int{true: maxBody, false: maxTarget}[c.Where == "response.body"] + len("…"); len(c.Before) > bound || len(c.After) > bound || len(c.Name) > maxValue {
					t.Fatalf("%s of %d and %d bytes", c.Where, len(c.Before), len(c.After))
				}
			}
		}
	}
	runtime.KeepAlive(flying)
}

// endless is a body of that many bytes, which takes up none.
func endless(n int64) io.Reader { return io.LimitReader(zeros{}, n) }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '7'
	}
	return len(p), nil
}

func heap() int64 {
	var m runtime.MemStats
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestBeyondTheBoundOnlyTheLineIsKept: while too much is under way, requests are
// recorded without their headers and bodies, and nothing fails.
func TestBeyondTheBoundOnlyTheLineIsKept(t *testing.T) {
	t.Parallel()
	rec := started(t)
	rec.inFlight.Store(maxInFlight + 1)
	e := begin(rec, "1", httptest.NewRequest(http.MethodPost, "/v1/orders?a=1", strings.NewReader("{}")))
	if e.x.Watcher != nil {
		t.Fatal("it is watched")
	}
	e.respond(nil, []byte("x"))
	rec.Record(e.x, e.r)
	got := rec.Find("1")
	if got == nil || got.Path != "/v1/orders" || got.BytesOut != 1 || len(got.Request.Header) > 0 || got.Forwarded != nil || rec.inFlight.Load() != maxInFlight+1 {
		t.Errorf("got %+v", got)
	}
}

// TestALateReaderReadsNothingIn: a transport may go on reading after the end.
func TestALateReaderReadsNothingIn(t *testing.T) {
	t.Parallel()
	rec := started(t)
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("first second"))
	r.Header.Set("Content-Type", "text/plain")
	e := begin(rec, "1", r)
	body := r.Body
	_, _ = io.CopyN(io.Discard, body, 5)
	rec.Record(e.x, r)
	_, _ = io.Copy(io.Discard, body)
	if got := rec.Find("1").Request.Body; got.Text != "first" || got.Bytes != 5 {
		t.Errorf("got %+v", got)
	}
}

// TestHostileBytes are stored as valid text, and leave as JSON in which nothing is markup.
func TestHostileBytes(t *testing.T) {
	t.Parallel()
	rec := started(t)
	texts := hostile.Texts()
	for i, text := range texts {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(text))
		r.URL.Path, r.RequestURI, r.Host, r.Method = "/"+text, "/"+text, text, text
		r.Header = http.Header{"Content-Type": {"text/plain"}, "X": {text}, "X" + text: {"y"}}
		e := begin(rec, fmt.Sprint(i), r)
		_, _ = io.Copy(io.Discard, r.Body)
		e.respond(http.Header{"Content-Type": {"text/html"}, "X": {text}}, []byte(text))
		rec.Record(e.x, r)
	}
	for i := range texts {
		entry := rec.Find(fmt.Sprint(i))
		text, err := json.Marshal(entry)
		if err != nil || !utf8.Valid(text) || bytes.ContainsAny(text, "<>&\x00\u2028") {
			t.Errorf("%q: %v, %s", texts[i], err, text)
		}
		if !utf8.ValidString(texts[i]) && !entry.Request.Body.Invalid {
			t.Errorf("%q is not marked as invalid", texts[i])
		}
	}
}

func TestBodiesByKind(t *testing.T) {
	t.Parallel()
	rec := started(t)
	for i, c := range []struct {
		kind, coding, body, want     string
		binary, truncated, different bool
	}{
		{kind: "application/json", body: `{"a":1}`, want: `{"a":1}`},
		{kind: "application/json; charset=utf-8", body: `{"token":"hidden"}`, want: `{"token":"••••"}`},
		{kind: "application/problem+json", body: `{"secret":"hidden"}`, want: `{"secret":"••••"}`},
		{kind: "text/html", body: "<p>", want: "<p>"},
		{kind: "application/x-www-form-urlencoded", body: "a=1&password=hidden", want: "a=1&password=••••"},
		{kind: "image/png", body: "\x89PNG\r\n", binary: true},
		{kind: "application/octet-stream", body: "hidden", binary: true},
		{kind: "text/plain", body: "a\x00b", binary: true},
		{kind: "not a type", body: "hidden", binary: true},
		{kind: "", body: "plain text", want: "plain text"},
		{kind: "", body: "\x00\x01\x02", binary: true},
		{kind: "application/json", coding: "gzip", body: zipped(`{"token":"hidden"}`), want: `{"token":"••••"}`},
		{kind: "application/json", coding: "br", body: "hidden", binary: true},
		{kind: "application/json", coding: "gzip", body: "hidden", binary: true},
		{kind: "text/plain", coding: "gzip", body: zipped(strings.Repeat("x", 1<<20)), want: strings.Repeat("x", maxBody), truncated: true},
		{kind: "text/plain", body: strings.Repeat("é", maxBody), want: strings.Repeat("é", maxBody/2), truncated: true},
		{kind: "text/plain", body: "x" + strings.Repeat("é", maxBody), want: "x" + strings.Repeat("é", (maxBody-1)/2), truncated: true},
	} {
		header := http.Header{}
		if c.kind != "" {
			header.Set("Content-Type", c.kind)
		}
		if c.coding != "" {
			header.Set("Content-Encoding", c.coding)
		}
		e := begin(rec, fmt.Sprint(i), httptest.NewRequest(http.MethodGet, "/", nil))
		e.respond(header, []byte(c.body))
		rec.Record(e.x, e.r)
		got := rec.Find(fmt.Sprint(i)).Response.Body
		if got.Text != c.want || got.Binary != c.binary || got.Truncated != c.truncated || got.Invalid || got.Bytes != int64(len(c.body)) {
			t.Errorf("%d %s %s: got %.100q binary %t truncated %t invalid %t of %d", i, c.kind, c.coding, got.Text, got.Binary, got.Truncated, got.Invalid, got.Bytes)
		}
	}
}

func zipped(text string) string {
	var b strings.Builder
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

// TestListening: everybody gets everything once and in order, who is too slow is told
// that something has left, and who comes back is told what was missed.
func TestListening(t *testing.T) {
	t.Parallel()
	rec := started(t)
	record := func(n int) {
		for range n {
			e := begin(rec, "x", httptest.NewRequest(http.MethodGet, "/", nil))
			rec.Record(e.x, e.r)
		}
	}
	record(3)
	listener, err := rec.Listen(rec.Latest())
	if err != nil {
		t.Fatal(err)
	}
	if entries, gap, _ := listener.Next(); len(entries) > 0 || gap {
		t.Errorf("at first: %d, gap %t", len(entries), gap)
	}
	_, _, more := listener.Next()
	record(2)
	select {
	case <-more:
	case <-time.After(5 * time.Second):
		t.Fatal("nobody said that there is more")
	}
	rec.settle()
	entries, gap, _ := listener.Next()
	if len(entries) != 2 || gap || entries[0].Seq != 4 || entries[1].Seq != 5 {
		t.Errorf("got %d, gap %t", len(entries), gap)
	}
	record(Capacity + 10)
	rec.settle()
	if entries, gap, _ = listener.Next(); len(entries) != Capacity || !gap {
		t.Errorf("too slow: got %d, gap %t", len(entries), gap)
	}
	listener.Stop()
	for _, c := range []struct {
		after uint64
		want  int
		gap   bool
	}{{Capacity + 13, 2, false}, {2, Capacity, true}, {1 << 40, Capacity, true}} {
		listener, err := rec.Listen(c.after)
		if err != nil {
			t.Fatal(err)
		}
		if entries, gap, _ := listener.Next(); len(entries) != c.want || gap != c.gap {
			t.Errorf("after %d: got %d, gap %t", c.after, len(entries), gap)
		}
		listener.Stop()
	}
	for range MaxListeners {
		if _, err := rec.Listen(0); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := rec.Listen(0); err != ErrListeners {
		t.Errorf("one more: %v", err)
	}
}

// TestManyAtOnce: requests, readers and listeners together, and nothing is lost or twice.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	rec := started(t)
	listener, err := rec.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	const writers, each = 8, 50 // fewer than Capacity, so that nothing leaves
	var writing, reading sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		reading.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					for _, e := range rec.Entries() {
						_, _ = json.Marshal(e)
					}
					rec.State()
				}
			}
		})
	}
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				r := typical()
				r.Method, r.Body, r.ContentLength = http.MethodPost, io.NopCloser(strings.NewReader(`{"token":"hidden"}`)), 18
				r.Header.Set("Content-Type", "application/json")
				e := begin(rec, fmt.Sprintf("%d-%d", w, i), r)
				_, _ = io.Copy(io.Discard, r.Body)
				e.x.Watcher.Decided(r, "Caddyfile:1")
				e.respond(answers, content)
				if i%10 == 0 {
					e.x.Stream = exchange.Events
					rec.Stream(e.x)
				}
				rec.Record(e.x, r)
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	rec.settle()
	ids, last := make(map[string]int), uint64(0)
	entries, gap, _ := listener.Next()
	for _, e := range entries {
		if ids[e.ID]++; e.Seq <= last || e.Outcome == Open {
			t.Errorf("%d after %d, %s", e.Seq, last, e.Outcome)
		}
		last = e.Seq
		if e.Request.Body.Text != `{"token":"••••"}` || e.Response.Body.Text != string(content) {
			t.Fatalf("got %+v", e)
		}
	}
	if len(ids) != writers*each || gap || rec.State().Seen != writers*each || rec.inFlight.Load() != 0 {
		t.Errorf("%d of %d, gap %t, %d in flight", len(ids), writers*each, gap, rec.inFlight.Load())
	}
}

// TestStreamsThatLive are shown, up to a bound, until they end.
func TestStreamsThatLive(t *testing.T) {
	t.Parallel()
	rec := started(t)
	var all []exchanged
	for i := range maxOpen + 1 {
		e := begin(rec, fmt.Sprint(i), httptest.NewRequest(http.MethodGet, "/", nil))
		e.x.Stream = exchange.WebSocket
		e.respond(http.Header{"Upgrade": {"websocket"}}, nil)
		rec.Stream(e.x)
		all = append(all, e)
	}
	if got := rec.Entries(); len(got) != maxOpen || got[0].Outcome != Open || got[0].Stream != "websocket" || got[0].ID != fmt.Sprint(maxOpen) {
		t.Errorf("%d are open", len(got))
	}
	for _, e := range all {
		rec.Record(e.x, e.r)
	}
	if got := rec.Entries(); len(got) != maxOpen+1 || got[0].Outcome != Answered || len(rec.open) > 0 {
		t.Errorf("%d afterwards, %d open", len(got), len(rec.open))
	}
}

// TestWhatIsUnmaskedDoesNotStay: soon after a request, nothing holds what it sent but
// the masked entry, although nobody has looked.
func TestWhatIsUnmaskedDoesNotStay(t *testing.T) {
	t.Parallel()
	rec := started(t)
	e := begin(rec, "1", typical())
	rec.Record(e.x, e.r)
	for range 100 {
		rec.mu.Lock()
		settled := rec.at(0).entry != nil && rec.at(0).raw == nil
		rec.mu.Unlock()
		if settled {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("the capture is still there")
}

// TestWhatAStepChanged is told by step, and only that.
func TestWhatAStepChanged(t *testing.T) {
	t.Parallel()
	rec := started(t)
	r := httptest.NewRequest(http.MethodPost, "/v1/orders?a=1", strings.NewReader("old"))
	r.Header = http.Header{"Content-Type": {"text/plain"}, "X-Gone": {"1"}, "X-Same": {"a", "b"}, "X-Other": {"1", "2"}, "Authorization": {"Bearer hidden"}}
	e := begin(rec, "1", r)
	e.x.Watcher.Decided(r, "")
	delete(r.Header, "X-Gone")
	delete(r.Header, "Authorization")
	r.Header["X-Other"][1] = "3" // in place
	r.Header["X-New"] = []string{"token=hidden"}
	r.URL.Path = "/orders"
	r.Body = io.NopCloser(strings.NewReader("new"))
	e.x.Watcher.Decided(r, "")
	_, _ = io.Copy(io.Discard, r.Body)
	e.x.Watcher.Owned(0, "Server", []string{"theirs"}, nil)
	e.x.Watcher.Owned(0, "Vary", []string{"A"}, []string{"A"})
	rec.Record(e.x, r)
	entry := rec.Find("1")
	var got []string
	for _, step := range entry.Steps {
		for _, c := range step.Changes {
			got = append(got, fmt.Sprintf("%s %s %s → %s", c.Where, c.Name, c.Before, c.After))
		}
	}
	want := []string{
		"request.body   → new", "request.header Authorization Bearer •••• → ", "request.header X-Gone 1 → ", "request.header X-New  → token=••••",
		"request.header X-Other 1, 2 → 1, 3", "request.path  /v1/orders?a=1 → /orders?a=1", "response.header Server theirs → ",
	}
	slices.Sort(got)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if entry.Forwarded.Target != "/orders?a=1" || entry.Forwarded.Body.Text != "new" || entry.Request.Target != "/v1/orders?a=1" {
		t.Errorf("forwarded %+v", entry.Forwarded)
	}
}
