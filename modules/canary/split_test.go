package canary

import (
	"fmt"
	"math"
	"testing"

	"gateway/internal/exchange"
)

// members returns which of some consumers belong to a canary.
func members(s split, n int) map[int]bool {
	list := make(map[int]bool)
	for i := range n {
		if s.group(fmt.Sprintf("consumer-%d", i), true) == exchange.Canary {
			list[i] = true
		}
	}
	return list
}

// TestAShareGrows: consumers stay where they are when the share changes, except for
// as many as it changes by, all of them in one direction.
func TestAShareGrows(t *testing.T) {
	t.Parallel()
	const n = 20_000
	before := map[int]bool{}
	for _, percent := range []float64{0, 0.25, 1, 5, 10, 50, 99.5, 100} {
		now := members(newSplit(percent, "", "orders"), n)
		if got := float64(len(now)) / n * 100; math.Abs(got-percent) > 0.15+percent*0.05 {
			t.Errorf("%g%% of the consumers are %g%%", percent, got)
		}
		for i := range before {
			if !now[i] {
				t.Fatalf("consumer %d leaves the canary as it grows to %g%%", i, percent)
			}
		}
		before = now
	}
	if len(before) != n {
		t.Errorf("100%% are %d of %d", len(before), n)
	}
}

// TestSaltsAreIndependent: the first consumers of one API are not the first of all.
func TestSaltsAreIndependent(t *testing.T) {
	t.Parallel()
	const n = 20_000
	orders, users := members(newSplit(10, "", "orders"), n), members(newSplit(10, "", "users"), n)
	both := 0
	for i := range orders {
		if users[i] {
			both++
		}
	}
	if share := float64(both) / n * 100; share < 0.6 || share > 1.4 {
		t.Errorf("%g%% are in both canaries of 10%%, want about 1%%", share)
	}
}

// TestPlaces pins the places of a few consumers: they are the same on every gateway, and
// a release that moved them would move everybody's consumers.
func TestPlaces(t *testing.T) {
	t.Parallel()
	s := newSplit(5, "", "orders")
	got := fmt.Sprint(s.place("alice"), s.place("bob"), s.place("203.0.113.7"))
	if want := "3864 8552 3569"; got != want {
		t.Errorf("the places are %s, were %s", got, want)
	}
}

func TestGroupCostsNothing(t *testing.T) {
	s := newSplit(5, "", "orders")
	if got := testing.AllocsPerRun(100, func() { s.group("alice", true) }); got != 0 {
		t.Errorf("%g allocations", got)
	}
}

// TestByRequest: chance decides for each request, about as often as it should.
func TestByRequest(t *testing.T) {
	t.Parallel()
	s := newSplit(20, "request", "orders")
	const n = 20_000
	canary := 0
	for range n {
		if s.group("", true) == exchange.Canary {
			canary++
		}
	}
	if share := float64(canary) / n * 100; share < 18 || share > 22 {
		t.Errorf("20%% of the requests are %g%%", share)
	}
	if got := s.group("", false); got != exchange.Stable {
		t.Errorf("a request without a key is %s", got)
	}
}
