package versioning

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func newUsage() *usage { return &usage{since: today, versions: make(map[string]*use)} }

// TestUsage: what is counted, and what is said about it.
func TestUsage(t *testing.T) {
	t.Parallel()
	h := handler(t, wholeLife)
	u := newUsage()
	u.show(h.plan)
	for i, who := range []string{"alice", "bob", "alice", "", "alice"} {
		u.note(h.plan, "v1", who, i == 3, today.Add(time.Duration(i)*time.Minute))
	}
	r := u.report("orders", 1, today)
	if len(r.Versions) != 2 || r.API != "orders" || !r.Since.Equal(today) {
		t.Fatalf("got %+v", r)
	}
	v := r.Versions[0]
	if v.Version != "v1" || v.State != active || v.Successor != "v2" || v.Requests != 5 || v.Refused != 1 || v.Anonymous != 1 || !v.Last.Equal(today.Add(4*time.Minute)) || len(v.Brownouts) != 2 {
		t.Errorf("got %+v", v)
	}
	if len(v.Consumers) != 1 || v.Consumers[0].Consumer != "alice" || v.Consumers[0].Requests != 3 || v.Consumers[0].Over != 0 {
		t.Errorf("the top consumers are %+v", v.Consumers)
	}
	if unused := r.Versions[1]; unused.Requests != 0 || unused.Last != nil {
		t.Errorf("v2 was never asked for: %+v", unused)
	}
}

// TestTopConsumers: whatever the order, memory is bounded, whoever has more than a
// share of 1/maxConsumers is there, and a count is at most its error too high.
func TestTopConsumers(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		u, truth := newUsage(), make(map[string]uint64)
		const total = 20000
		for range total {
			name := fmt.Sprintf("c%d", int(random.ExpFloat64()*float64(20+seed*40)))
			truth[name]++
			u.note(nil, "v1", name, false, today)
		}
		known := u.versions["v1"].consumers
		if len(known) > maxConsumers {
			t.Fatalf("%d consumers are kept", len(known))
		}
		for name, count := range truth {
			if c := known[name]; c == nil && count > total/maxConsumers {
				t.Errorf("seed %d: %s with %d requests is missing", seed, name, count)
			} else if c != nil && (c.count < count || c.count-c.over > count) {
				t.Errorf("seed %d: %s has %d requests, counted %d with an error of %d", seed, name, count, c.count, c.over)
			}
		}
	}
	u := newUsage()
	u.note(nil, "v1", strings.Repeat("x", 10*maxSubject), false, today)
	for name := range u.versions["v1"].consumers {
		if len(name) != maxSubject {
			t.Errorf("a name of %d bytes is kept", len(name))
		}
	}
}

// TestCheck: what somebody has to decide, at a time.
func TestCheck(t *testing.T) {
	t.Parallel()
	const ends = "versioning {\npath\nversion v1 {\ndeprecated 2027-01-01\nsunset 2027-06-30\n}\nversion v2 {\nsunset 2028-01-01\n}\n}"
	for _, tt := range []struct {
		config, now string
		want        string
	}{
		{wholeLife, "2026-11-24", ""},
		{wholeLife, "2027-06-29", ""},
		{wholeLife, "2027-06-30", "version v1 is past its sunset of 2027-06-30: remove it, or move the date"},
		{ends, "2026-11-24", "version v2 is to end and has no successor: clients have nowhere to go"},
		{ends, "2027-06-30", "version v1 is past its sunset of 2027-06-30: remove it, or move the date; version v2 is to end and has no successor: clients have nowhere to go"},
		{"versioning {\npath\nversion v1\n}", "2026-11-24", ""},
		{"versioning {\npath\nversion v1 {\ndeprecated 2026-01-01\n}\n}", "2026-11-24", "version v1 is to end and has no successor: clients have nowhere to go"},
	} {
		if got := strings.Join(handler(t, tt.config).plan.check(day(tt.now)), "; "); got != tt.want {
			t.Errorf("at %s: got %q, want %q", tt.now, got, tt.want)
		}
	}
}

// TestNoteAllocatesNothing for a consumer that is known.
func TestNoteAllocatesNothing(t *testing.T) {
	u := newUsage()
	u.note(nil, "v1", "alice", false, today)
	if n := testing.AllocsPerRun(1000, func() { u.note(nil, "v1", "alice", false, today) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
