package history

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"
)

// Query asks for a part of the history. Empty names mean all.
type Query struct {
	Minutes                     int // 1 to 60
	Step                        int // seconds, a multiple of 5; 0 means 5
	API, Version, Method, Route string
}

func (q *Query) matches(o Operation) bool {
	return (q.API == "" || q.API == o.API) && (q.Version == "" || q.Version == o.Version) &&
		(q.Method == "" || q.Method == o.Method) && (q.Route == "" || q.Route == o.Route)
}

// Column is a series of numbers; what is not known is NaN, which JSON calls null.
type Column []float64

// MarshalJSON implements json.Marshaler: with four significant digits, which are more than
// a chart shows.
func (c Column) MarshalJSON() ([]byte, error) {
	text := append(make([]byte, 0, 6*len(c)+2), '[')
	for i, value := range c {
		if i > 0 {
			text = append(text, ',')
		}
		if math.IsNaN(value) {
			text = append(text, "null"...)
		} else {
			text = strconv.AppendFloat(text, round(value), 'f', -1, 64)
		}
	}
	return append(text, ']'), nil
}

func round(value float64) float64 {
	if value == 0 {
		return 0
	}
	scale := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(value))))
	return math.Round(value*scale) / scale
}

// Split is one quantile of the three durations, in milliseconds.
type Split struct {
	Total    Column `json:"total"`
	Own      Column `json:"own"`
	Upstream Column `json:"upstream"`
}

// Series are the columns. Rates are per second; InFlight is the most at once and Streams how
// many lived at the end.
type Series struct {
	Time         []int64           `json:"time"` // Unix seconds of the beginning
	Rate         Column            `json:"rate"`
	Errors       Column            `json:"errors"`        // 5xx, and answers that the service cut off
	ClientErrors Column            `json:"client_errors"` // 4xx
	P50          Split             `json:"p50"`
	P95          Split             `json:"p95"`
	P99          Split             `json:"p99"`
	Reasons      map[string]Column `json:"reasons"`
	Reported     map[string]Column `json:"reported"`
	InFlight     Column            `json:"in_flight"`
	Streams      Column            `json:"streams"`
}

// Quantiles are those of one duration, in milliseconds; null if there was none.
type Quantiles struct {
	P50 *float64 `json:"p50"`
	P95 *float64 `json:"p95"`
	P99 *float64 `json:"p99"`
}

// Totals are the sums over the time that was asked for.
type Totals struct {
	Requests     uint64            `json:"requests"`
	Errors       uint64            `json:"errors"`
	ClientErrors uint64            `json:"client_errors"`
	Reasons      map[string]uint64 `json:"reasons"`
	Reported     map[string]uint64 `json:"reported"`
	Total        Quantiles         `json:"total"`
	Own          Quantiles         `json:"own"`
	Upstream     Quantiles         `json:"upstream"`
	InFlight     int64             `json:"in_flight"` // at this moment
	Streams      int64             `json:"streams"`
}

// Row is one operation.
type Row struct {
	Operation
	Count        uint64   `json:"count"`
	Errors       uint64   `json:"errors"`
	ClientErrors uint64   `json:"client_errors"`
	P95          *float64 `json:"p95_ms"`
}

// Dimensions are the names that a query can choose among.
type Dimensions struct {
	APIs     []string `json:"apis"`
	Versions []string `json:"versions"`
	Routes   []string `json:"routes"`
}

// Scope says what the numbers are about: this process, since a time.
type Scope struct {
	Since time.Time `json:"since"`
}

// Answer is a part of the history. Routes are the operations that were seen in the time that was
// asked for, the busiest first, whatever the query chose among them.
type Answer struct {
	Step       int        `json:"step_s"`
	Start      int64      `json:"start"`
	Scope      Scope      `json:"scope"`
	Series     Series     `json:"series"`
	Totals     Totals     `json:"totals"`
	Routes     []Row      `json:"routes"`
	Dimensions Dimensions `json:"dimensions"`
}

// Ask returns a part of the history. Columns are made of intervals that are over; what has
// been counted since is in the totals and in the rows, so that nobody waits for it.
func (h *History) Ask(q Query, now time.Time) *Answer {
	past, open, names, oldest, number := h.snapshot(now)
	merge := max(q.Step/int(Step/time.Second), 1)
	columns := min(max(q.Minutes, 1), 60) * int(time.Minute/Step) / merge
	// Columns begin at multiples of their own length, so that they hold the same at every look.
	// The last may have more to come.
	first := (max(number-1, 0)/int64(merge) - int64(columns) + 1) * int64(merge)
	s := newSums(q, columns, merge, first, names)
	s.fill(past, oldest, number)
	s.unpack(new(column), open)
	born := now.Add(-now.Sub(h.born)).Round(time.Second).Unix() // by the wall clock of today
	answer := s.answer(born + first*int64(Step/time.Second))
	answer.Scope.Since = h.since(oldest)
	answer.Totals.InFlight, answer.Totals.Streams = h.inFlight.Load(), h.streams.Load()
	return answer
}

// snapshot closes the interval if it is over, and returns what is kept, and packed what is
// open: nothing of it changes any more, so that no request waits while it is read.
func (h *History) snapshot(now time.Time) (past []interval, open []byte, names [MaxRoutes]Operation, oldest, number int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.advance(h.numberOf(now))
	for n := h.oldest; n < h.number; n++ {
		if slot := h.past[n%Kept]; slot.used && slot.number == n {
			past = append(past, slot)
		}
	}
	for _, c := range h.byID {
		if c != nil {
			open = c.pack(open)
		}
	}
	return past, open, h.names, h.oldest, h.number
}

// since tells from when on there are numbers.
func (h *History) since(oldest int64) time.Time {
	since := h.born.Add(time.Duration(oldest) * Step)
	if oldest == 0 {
		since = h.made
	}
	return since.UTC().Truncate(time.Millisecond)
}

// dimensions are the names of the rows, sorted.
func dimensions(rows []Row) (d Dimensions) {
	d = Dimensions{APIs: []string{}, Versions: []string{}, Routes: []string{}}
	for i := range rows {
		d.APIs, d.Versions, d.Routes = append(d.APIs, rows[i].API), append(d.Versions, rows[i].Version), append(d.Routes, rows[i].Route)
	}
	for _, list := range []*[]string{&d.APIs, &d.Versions, &d.Routes} {
		slices.Sort(*list)
		*list = slices.DeleteFunc(slices.Compact(*list), func(name string) bool { return name == "" })
	}
	return d
}

// busiest sorts rows.
func busiest(rows []Row) {
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Route, b.Route), cmp.Compare(a.Method, b.Method), cmp.Compare(a.API, b.API), cmp.Compare(a.Version, b.Version))
	})
}
