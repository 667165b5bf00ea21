package history

import "math"

// sums adds up intervals to columns.
type sums struct {
	query      Query
	merge      int
	first      int64 // the interval that the first column begins with
	names      [MaxRoutes]Operation
	columns    []column
	all        column
	operations map[int]*operation
}

// column is what one column holds.
type column struct {
	requests, errors, mistaken uint64
	refused, reported          [reasonCount]uint64
	total, own, upstream       counted
	inFlight, streams          int64
	intervals                  int // how many it is made of
}

// operation is what the table of operations needs.
type operation struct {
	requests, errors, mistaken uint64
	total                      counted
}

func newSums(q Query, columns, merge int, first int64, names [MaxRoutes]Operation) *sums {
	return &sums{query: q, merge: merge, first: first, names: names, columns: make([]column, columns), operations: map[int]*operation{}}
}

// fill adds what is in the intervals. Those between two that were kept saw no request end; what was in
// flight before them still was.
func (s *sums) fill(past []interval, oldest, number int64) {
	next := 0
	var level, streams int64
	for ; next < len(past) && past[next].number < s.first; next++ {
		level, streams = past[next].level, past[next].streams
	}
	for n := max(s.first, oldest); n < min(number, s.first+int64(len(s.columns)*s.merge)); n++ {
		c := &s.columns[int(n-s.first)/s.merge]
		c.intervals++
		if next < len(past) && past[next].number == n {
			p := &past[next]
			next++
			level, streams = p.level, p.streams
			c.inFlight = max(c.inFlight, p.inFlight)
			s.unpack(c, p.packed)
		}
		c.inFlight = max(c.inFlight, level)
		c.streams = streams
	}
}

func (s *sums) unpack(c *column, packed []byte) {
	r := reader{packed}
	for len(r.rest) > 0 {
		id := int(r.next())
		requests, errors, mistaken := r.next(), r.next(), r.next()
		o := s.operations[id]
		if o == nil {
			o = new(operation)
			s.operations[id] = o
		}
		o.requests, o.errors, o.mistaken = o.requests+requests, o.errors+errors, o.mistaken+mistaken
		to := []*column{c, &s.all}
		if !s.query.matches(s.names[id]) {
			to = nil
		}
		for _, c := range to {
			c.requests, c.errors, c.mistaken = c.requests+requests, c.errors+errors, c.mistaken+mistaken
		}
		each := func(add func(c *column, place int, n uint64)) {
			r.list(func(place int, n uint64) {
				for _, c := range to {
					add(c, place, n)
				}
			})
		}
		each(func(c *column, place int, n uint64) { c.refused[place] += n })
		each(func(c *column, place int, n uint64) { c.reported[place] += n })
		r.list(func(place int, n uint64) {
			o.total.add(place, n)
			for _, c := range to {
				c.total.add(place, n)
			}
		})
		each(func(c *column, place int, n uint64) { c.own.add(place, n) })
		each(func(c *column, place int, n uint64) { c.upstream.add(place, n) })
	}
}

// answer turns the sums into columns; start is the time of the first.
func (s *sums) answer(start int64) *Answer {
	step := s.merge * int(Step.Seconds())
	a := &Answer{Step: step, Start: start, Routes: s.rows()}
	a.Dimensions = dimensions(a.Routes)
	a.Totals = s.totals()
	t := &a.Series
	t.Time = make([]int64, len(s.columns))
	t.Reasons, t.Reported = map[string]Column{}, map[string]Column{}
	for i := range s.columns {
		c := &s.columns[i]
		t.Time[i] = start + int64(i*step)
		t.Rate = append(t.Rate, c.perSecond(c.requests))
		t.Errors = append(t.Errors, c.perSecond(c.errors))
		t.ClientErrors = append(t.ClientErrors, c.perSecond(c.mistaken))
		t.InFlight = append(t.InFlight, known(float64(c.inFlight), c.intervals > 0))
		t.Streams = append(t.Streams, known(float64(c.streams), c.intervals > 0))
		for _, q := range []struct {
			of *Split
			q  float64
		}{{&t.P50, .5}, {&t.P95, .95}, {&t.P99, .99}} {
			q.of.Total = append(q.of.Total, known(c.total.quantile(q.q)))
			q.of.Own = append(q.of.Own, known(c.own.quantile(q.q)))
			q.of.Upstream = append(q.of.Upstream, known(c.upstream.quantile(q.q)))
		}
	}
	for place := range reasonCount {
		s.reason(t.Reasons, place, s.all.refused[place], func(c *column) uint64 { return c.refused[place] })
		s.reason(t.Reported, place, s.all.reported[place], func(c *column) uint64 { return c.reported[place] })
	}
	return a
}

// perSecond turns a count into a rate; there is none where nothing is kept.
func (c *column) perSecond(n uint64) float64 {
	if c.intervals == 0 {
		return math.NaN()
	}
	return float64(n) / (float64(c.intervals) * Step.Seconds())
}

// reason adds the column of a reason, if it was seen.
func (s *sums) reason(to map[string]Column, place int, seen uint64, of func(*column) uint64) {
	if seen == 0 {
		return
	}
	values := make(Column, len(s.columns))
	for i := range s.columns {
		values[i] = s.columns[i].perSecond(of(&s.columns[i]))
	}
	to[nameOf(place)] = values
}

func (s *sums) totals() Totals {
	t := Totals{Requests: s.all.requests, Errors: s.all.errors, ClientErrors: s.all.mistaken, Reasons: map[string]uint64{}, Reported: map[string]uint64{}}
	for place := range reasonCount {
		if n := s.all.refused[place]; n > 0 {
			t.Reasons[nameOf(place)] = n
		}
		if n := s.all.reported[place]; n > 0 {
			t.Reported[nameOf(place)] = n
		}
	}
	t.Total, t.Own, t.Upstream = quantiles(&s.all.total), quantiles(&s.all.own), quantiles(&s.all.upstream)
	return t
}

func quantiles(c *counted) Quantiles {
	return Quantiles{pointer(c.quantile(.5)), pointer(c.quantile(.95)), pointer(c.quantile(.99))}
}

func (s *sums) rows() []Row {
	rows := make([]Row, 0, len(s.operations))
	for id, o := range s.operations {
		rows = append(rows, Row{Operation: s.names[id], Count: o.requests, Errors: o.errors, ClientErrors: o.mistaken, P95: pointer(o.total.quantile(.95))})
	}
	busiest(rows)
	return rows
}

func known(value float64, ok bool) float64 {
	if !ok {
		return math.NaN()
	}
	return value
}

func pointer(value float64, ok bool) *float64 {
	if !ok {
		return nil
	}
	value = round(value)
	return &value
}
