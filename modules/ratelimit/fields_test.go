package ratelimit

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dunglas/httpsfv"

	"gateway/internal/problem"
)

// handlerOf assembles a handler without a config around it.
func handlerOf(t testing.TB, policies ...Policy) *Handler {
	t.Helper()
	h := &Handler{Policies: policies}
	compiled := make([]policy, len(policies))
	items := make([]string, len(policies))
	for i, p := range policies {
		c, err := p.compile()
		if err != nil {
			t.Fatal(err)
		}
		c.store = newStore(p.maxKeys())
		compiled[i], items[i] = c, c.item
	}
	h.policies, h.memoryOrder = compiled, lockOrder(compiled, func(*policy) bool { return true })
	h.policyField = strings.Join(items, ", ")
	return h
}

func (h *Handler) claims(n int) []claim {
	claims := make([]claim, len(h.policies))
	for i := range h.policies {
		p := &h.policies[i]
		claims[i] = claim{terms: &p.terms, store: p.store, limit: p.limit, key: keyOf(n)}
	}
	return claims
}

func TestFieldsTellTheStory(t *testing.T) {
	t.Parallel()
	h := handlerOf(t, Policy{Name: "burst", Quota: "3/1m"}, Policy{Name: "daily", Quota: "1000/1d"})
	var now int64
	for _, step := range []struct {
		wait    time.Duration
		limit   string
		allowed bool
	}{
		{0, `"burst";r=2;t=20, "daily";r=999;t=87`, true},
		{0, `"burst";r=1;t=40, "daily";r=998;t=173`, true},
		{0, `"burst";r=0;t=60, "daily";r=997;t=260`, true},
		{0, `"burst";r=0;t=20, "daily";r=997;t=260`, false},
		{500 * time.Millisecond, `"burst";r=0;t=20, "daily";r=997;t=259`, false},
		{19500*time.Millisecond - 1, `"burst";r=0;t=1, "daily";r=997;t=240`, false},
		{1, `"burst";r=0;t=60, "daily";r=996;t=326`, true},
		{24 * time.Hour, `"burst";r=2;t=20, "daily";r=999;t=87`, true},
	} {
		now += int64(step.wait)
		claims := h.claims(1)
		allowed := chargeMemory(claims, h.memoryOrder, now, 1)
		limits, policies := h.compose(claims, now, "", "")
		if allowed != step.allowed || limits != step.limit {
			t.Errorf("at %v: allowed %t, RateLimit: %s\nwant %t, %s", time.Duration(now), allowed, limits, step.allowed, step.limit)
		}
		if want := `"burst";q=3;w=60, "daily";q=1000;w=86400`; policies != want {
			t.Errorf("RateLimit-Policy: %s, want %s", policies, want)
		}
	}
}

// TestWhatIsWrittenAtLoad: a field that was written at load is what it would be if it was
// written for the request.
func TestWhatIsWrittenAtLoad(t *testing.T) {
	t.Parallel()
	random, same := rand.New(rand.NewPCG(2, 3)), 0
	for _, quota := range []string{"1/1s", "3/1m", "1000/1d", "7/3s", "1000000/1s"} {
		h := handlerOf(t, Policy{Name: "n", Quota: quota, Burst: 1 + random.Int64N(9)})
		var now int64
		for range 2000 {
			claims := h.claims(1)
			now += random.Int64N(2 * claims[0].limit.offset)
			chargeMemory(claims, h.memoryOrder, now, 1+random.Int64N(min(2, h.policies[0].burst)))
			got, _ := h.compose(claims, now, "", "")
			if want := string(claims[0].appendLimit(nil, h.policies[0].quoted, now)); got != want {
				t.Fatalf("%s: %s, want %s", quota, got, want)
			}
			if claims[0].isFresh(now) {
				same++
			}
		}
	}
	if same < 1000 {
		t.Errorf("%d of 10000 were written at load: nothing is shown", same)
	}
}

func TestRetryAfterIsTheLongestWait(t *testing.T) {
	t.Parallel()
	h := handlerOf(t, Policy{Name: "a", Quota: "1/10s"}, Policy{Name: "b", Quota: "1/1h"}, Policy{Name: "c", Quota: "9/1m"})
	chargeMemory(h.claims(1), h.memoryOrder, 0, 1)
	claims := h.claims(1)
	if chargeMemory(claims, h.memoryOrder, int64(time.Second), 1) {
		t.Fatal("allowed")
	}
	f := h.refusal(claims, problem.LimitExceeded)
	if f.Reason != problem.LimitExceeded || f.RetryAfter != time.Hour-time.Second || strings.Join(f.Policies, " ") != "a b" {
		t.Errorf("got %+v", f)
	}
	if names := h.policies[0].names; len(names) != 1 {
		t.Errorf("the refusal wrote into the policy: %v", names)
	}
	claims = h.claims(1)
	if !chargeMemory(claims, h.memoryOrder, int64(time.Second+f.RetryAfter), 1) {
		t.Error("waiting as told was not enough")
	}
}

func TestPolicyWithoutSayIsNotTold(t *testing.T) {
	t.Parallel()
	h := handlerOf(t, Policy{Name: "a", Quota: "1/10s"}, Policy{Name: "b", Quota: "5/1h"})
	claims := h.claims(1)
	claims[0].terms, claims[0].store = nil, nil
	chargeMemory(claims, h.memoryOrder, 0, 1)
	limits, policies := h.compose(claims, 0, "", "")
	if policies != `"b";q=5;w=3600` || limits != `"b";r=4;t=720` {
		t.Errorf("got %s, %s", limits, policies)
	}
	claims[1].terms = nil
	if limits, policies := h.compose(claims, 0, `"a";r=1;t=1`, `"a";q=1;w=1`); limits != "" || policies != "" {
		t.Error("fields without a policy")
	}
}

func TestFieldsOfTwoHandlersAddUp(t *testing.T) {
	t.Parallel()
	first := handlerOf(t, Policy{Name: "a", Quota: "1/10s"})
	second := handlerOf(t, Policy{Name: "b", Quota: "5/1h"})
	one, two := first.claims(1), second.claims(1)
	chargeMemory(one, first.memoryOrder, 0, 1)
	chargeMemory(two, second.memoryOrder, 0, 1)
	limits, policies := first.compose(one, 0, "", "")
	limits, policies = second.compose(two, 0, limits, policies)
	if got := limits; got != `"a";r=0;t=10, "b";r=4;t=720` {
		t.Errorf("RateLimit: %s", got)
	}
	if got := policies; got != `"a";q=1;w=10, "b";q=5;w=3600` {
		t.Errorf("RateLimit-Policy: %s", got)
	}
}

func FuzzFields(f *testing.F) {
	f.Add("burst", int64(100), uint16(60), int64(7), int64(3))
	f.Add(`a "quoted" \ name`, int64(1), uint16(1), int64(1), int64(9))
	f.Fuzz(func(t *testing.T, name string, units int64, seconds uint16, burst, cost int64) {
		p := Policy{Name: name, Quota: "1/1s", Burst: abs(burst) % 1000}
		compiled, err := p.compile()
		if err != nil {
			return // not a name that headers can say
		}
		compiled.quota = quota{1 + abs(units)%maxRate, time.Duration(1+int64(seconds)) * time.Second}
		compiled.burst = 1 + abs(burst)%1000
		if compiled.limit, err = compiled.quota.compile(compiled.burst); err != nil {
			t.Fatal(err)
		}
		compiled.refill = compiled.quota.refill(compiled.burst)
		compiled.describe()
		d := decide(compiled.limit, 0, 0, abs(cost)%(compiled.burst+1))
		c := claim{terms: &compiled.terms, decision: d}
		checkList(t, compiled.item, compiled.name, "q", compiled.quota.units, "w", int64(seconds)+1)
		checkList(t, string(c.appendLimit(nil, compiled.quoted, 0)), compiled.name, "r", d.remaining, "t", c.reset(0))
	})
}

// checkList parses a field with one item and holds it to what it should say, and to
// its canonical serialisation.
func checkList(t *testing.T, field, name, param1 string, value1 int64, param2 string, value2 int64) {
	t.Helper()
	list, err := httpsfv.UnmarshalList([]string{field})
	if err != nil {
		t.Fatalf("%s: %v", field, err)
	}
	if again, err := httpsfv.Marshal(list); err != nil || again != field {
		t.Fatalf("%s serialises as %s, %v", field, again, err)
	}
	item := list[0].(httpsfv.Item)
	got1, _ := item.Params.Get(param1)
	got2, _ := item.Params.Get(param2)
	if len(list) != 1 || item.Value != name || got1 != value1 || got2 != value2 || len(item.Params.Names()) != 2 {
		t.Fatalf("%s says %q, %v, %v", field, item.Value, got1, got2)
	}
}

// TestNamesByTheVectors holds our serialisation of Strings to the official cases:
// what they expect, we write; what cannot be a String, we refuse as a name.
func TestNamesByTheVectors(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "testdata", "structured-fields", "string.json"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the vectors are not beside this checkout")
	}
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name, HeaderType string
		Raw, Canonical   []string
		Expected         []any
		MustFail         bool `json:"must_fail"`
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, c := range cases {
		if c.MustFail || len(c.Expected) == 0 {
			continue
		}
		value, ok := c.Expected[0].(string)
		if !ok || checkName(value) != nil {
			continue
		}
		want := c.Raw
		if c.Canonical != nil {
			want = c.Canonical
		}
		tried++
		if got := quote(value); got != strings.Join(want, ", ") {
			t.Errorf("%s: %s, want %s", c.Name, got, want)
		}
	}
	if tried < 5 {
		t.Errorf("only %d cases apply", tried)
	}
	for _, name := range []string{"tab\t", "new\nline", "ümlaut", "\x7f", strings.Repeat("x", 65)} {
		if checkName(name) == nil {
			t.Errorf("%q passes as a name", name)
		}
	}
}
