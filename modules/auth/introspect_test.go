package auth

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gateway/internal/exchange"
	"gateway/modules/auth/authtest"
)

// oracle is an introspection endpoint in a bubble: what it says can change, and it counts.
type oracle struct {
	mu                  sync.Mutex
	answer              func(ctx context.Context, token string) (*verified, error)
	asked               atomic.Int64
	logged, resumptions atomic.Int64
}

func (o *oracle) set(answer func(context.Context, string) (*verified, error)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answer = answer
}

func (o *oracle) ask(ctx context.Context, token string) (*verified, error) {
	o.asked.Add(1)
	o.mu.Lock()
	answer := o.answer
	o.mu.Unlock()
	return answer(ctx, token)
}

func (o *oracle) failed(error, bool) { o.logged.Add(1) }
func (o *oracle) resumed()           { o.resumptions.Add(1) }

// saying answers with claims, after a delay.
func saying(delay time.Duration, claims authtest.Claims) func(context.Context, string) (*verified, error) {
	return func(ctx context.Context, _ string) (*verified, error) {
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		return readAnswer("application/json", []byte(text(claims)))
	}
}

func refusing(context.Context, string) (*verified, error) {
	return nil, errors.New("connection refused")
}

func oracleOf(o *oracle) *introspector {
	return newIntrospector(o.ask, 30*time.Second, 2*time.Second, o)
}

func asks(t *testing.T, i *introspector, token string) fault {
	sum := sumOf(token)
	v, f := i.find(t.Context(), &sum, token, time.Now())
	if (v == nil) == (f == none) {
		t.Errorf("got a token %v and the fault %v", v != nil, f)
	}
	return f
}

func TestAnswersCountForAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := new(oracle)
		i := oracleOf(o)
		step := func(name string, token string, wait time.Duration, want fault, asked int64) {
			t.Helper()
			time.Sleep(wait)
			if got := asks(t, i, token); got != want || o.asked.Load() != asked {
				t.Fatalf("%s: got %v after %d questions, want %v after %d", name, got, o.asked.Load(), want, asked)
			}
		}
		now := func() int64 { return time.Now().Unix() }
		o.set(saying(0, authtest.Claims{"active": true}))
		step("first sight", "a", 0, none, 1)
		step("seen before", "a", 29*time.Second, none, 1)
		step("the answer is old", "a", 2*time.Second, none, 2)
		step("the new answer counts as long", "a", 29*time.Second, none, 2)
		o.set(saying(0, authtest.Claims{"active": true, "exp": now() + 10}))
		step("another token", "b", 0, none, 3)
		step("until it expires", "b", 9*time.Second, none, 3)
		o.set(saying(0, authtest.Claims{"active": false}))
		step("and no longer", "b", time.Second, tokenInactive, 4)
		step("inactive, seen before", "b", 4*time.Second, tokenInactive, 4)
		o.set(saying(0, authtest.Claims{"active": true, "exp": now() - 10}))
		step("asked again", "b", 2*time.Second, none, 5)
		step("an expired token is not remembered", "b", 0, none, 6)
		o.set(refusing)
		step("down", "c", 0, notAsked, 7)
		step("a failure is not remembered", "c", 0, notAsked, 8)
	})
}

func TestManyRequestsAskOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := new(oracle)
		o.set(saying(time.Second, authtest.Claims{"active": true}))
		i := oracleOf(o)
		i.life = 0 // the answer is for those who wait for it
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				if f := asks(t, i, "a"); f != none {
					t.Errorf("got %v", f)
				}
			})
		}
		wg.Wait()
		if got := o.asked.Load(); got != 1 {
			t.Errorf("%d questions were asked", got)
		}
		if asks(t, i, "a"); o.asked.Load() != 2 {
			t.Error("an answer was remembered that was not to be")
		}
	})
}

// TestTheOneWhoAskedMayGo holds that a client that hangs up does not spoil the answer
// for the others.
func TestTheOneWhoAskedMayGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := new(oracle)
		o.set(saying(time.Second, authtest.Claims{"active": true}))
		i := oracleOf(o)
		ctx, hangUp := context.WithCancel(t.Context())
		sum := sumOf("a")
		go i.find(ctx, &sum, "a", time.Now())
		synctest.Wait()
		hangUp()
		if f := asks(t, i, "a"); f != none || o.asked.Load() != 1 {
			t.Errorf("got %v after %d questions", f, o.asked.Load())
		}
	})
}

func TestQuestionsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := new(oracle)
		var now, most atomic.Int64
		o.set(func(ctx context.Context, token string) (*verified, error) {
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			return saying(100*time.Millisecond, authtest.Claims{"active": true})(ctx, token)
		})
		i := oracleOf(o)
		var good, turnedAway atomic.Int64
		var wg sync.WaitGroup
		for n := range 1000 {
			wg.Go(func() {
				switch f := asks(t, i, "token-"+strconv.Itoa(n)); f {
				case none:
					good.Add(1)
				case notAsked:
					turnedAway.Add(1)
				default:
					t.Errorf("got %v", f)
				}
			})
		}
		wg.Wait()
		if most.Load() > maxAsking || good.Load() != maxFlights || turnedAway.Load() != 1000-maxFlights {
			t.Errorf("%d at a time, %d good, %d turned away", most.Load(), good.Load(), turnedAway.Load())
		}
		if len(i.flights) != 0 {
			t.Errorf("%d questions are left", len(i.flights))
		}
	})
}

func TestADeadEndpointIsLeftAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := new(oracle)
		o.set(saying(0, authtest.Claims{"active": true}))
		i := oracleOf(o)
		asks(t, i, "known")
		o.set(refusing)
		o.asked.Store(0)
		ticker := time.NewTicker(100 * time.Millisecond)
		defer ticker.Stop()
		for n := range 250 { // 25 s
			<-ticker.C
			if f := asks(t, i, strconv.Itoa(n)); f != notAsked {
				t.Fatalf("got %v", f)
			}
			if f := asks(t, i, "known"); f != none {
				t.Fatalf("a token that is remembered: got %v after %v", f, time.Duration(n)*100*time.Millisecond)
			}
		}
		// 5 failures, then a probe after about 1, 2, 4 and 8 s.
		if got := o.asked.Load(); got < 8 || got > 10 {
			t.Errorf("a dead endpoint was asked %d times in 25 s", got)
		}
		if wait := i.health.wait(time.Now()); wait < time.Second || wait > longestPause || !i.health.paused() {
			t.Errorf("the pause is %v, paused %v", wait, i.health.paused())
		}
		if got := o.logged.Load(); got == 0 || got > 12 {
			t.Errorf("%d lines in the log", got)
		}
		time.Sleep(10 * time.Second)
		if f := asks(t, i, "known"); f == none {
			t.Error("an answer counts for longer than it may")
		}
		o.set(saying(0, authtest.Claims{"active": true}))
		time.Sleep(longestPause)
		if f := asks(t, i, "back"); f != none || o.resumptions.Load() != 1 || i.health.paused() {
			t.Errorf("got %v, resumed %d times", f, o.resumptions.Load())
		}
	})
}

// TestOnePauseForFailuresAtOnce holds that what was under way when the pause began does
// not make it longer, and that one question at a time tries whether it is over.
func TestOnePauseForFailuresAtOnce(t *testing.T) {
	t.Parallel()
	var b breaker
	now := at(0)
	for range 100 {
		if ok, probe := b.allow(now); !ok || probe {
			t.Fatal("a healthy endpoint is left alone")
		}
	}
	pauses := 0
	for range 100 {
		if b.failed(now, false) {
			pauses++
		}
	}
	if wait := b.wait(now); pauses != 1 || wait > firstPause || b.pause != firstPause {
		t.Errorf("%d pauses, of %v", pauses, wait)
	}
	now = now.Add(firstPause)
	if ok, probe := b.allow(now); !ok || !probe {
		t.Error("nobody may try")
	}
	if ok, _ := b.allow(now); ok {
		t.Error("two may try")
	}
	if !b.failed(now, true) || b.pause != 2*firstPause {
		t.Errorf("the second pause is %v", b.pause)
	}
	for range 20 {
		now = now.Add(longestPause)
		b.allow(now)
		b.failed(now, true)
	}
	if b.pause != longestPause {
		t.Errorf("the longest pause is %v", b.pause)
	}
	if !b.succeeded() || b.succeeded() {
		t.Error("a pause ends once")
	}
	if ok, probe := b.allow(now); !ok || probe {
		t.Error("a healthy endpoint is left alone")
	}
}

// TestATokenDoesNotPauseTheEndpoint holds that nobody brings about a pause for all with
// tokens that the endpoint stumbles over.
func TestATokenDoesNotPauseTheEndpoint(t *testing.T) {
	t.Parallel()
	o := new(oracle)
	o.set(func(context.Context, string) (*verified, error) {
		return nil, aboutToken{errors.New("it answered 400")}
	})
	i := oracleOf(o)
	for n := range 50 {
		if f := asks(t, i, strconv.Itoa(n)); f != notAsked {
			t.Fatalf("got %v", f)
		}
	}
	if o.asked.Load() != 50 || i.health.paused() || o.logged.Load() != 1 {
		t.Errorf("asked %d times, paused %v, %d lines in the log", o.asked.Load(), i.health.paused(), o.logged.Load())
	}
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	o := new(oracle)
	o.set(saying(0, authtest.Claims{"active": true, "x": strings.Repeat("x", 4000)}))
	i := oracleOf(o)
	i.active = newTokenCache(1 << 20)
	inactive := new(inactiveTokens)
	for n := range 500 {
		asks(t, i, strconv.Itoa(n))
	}
	for n := range 2000 {
		sum := sumOf(strconv.Itoa(n))
		inactive.add(&sum, at(0), at(time.Second))
	}
	if got := i.active.len() * 4500; got > 1<<20 || got < 1<<18 {
		t.Errorf("the answers take up about %d bytes", got)
	}
	if got := len(inactive.young) + len(inactive.old); got > maxInactive || got < maxInactive/2 {
		t.Errorf("%d tokens are remembered as not active", got)
	}
	// An answer that is asked for again takes the place of the one before.
	for range 100 {
		sum := sumOf("again")
		v, err := o.ask(t.Context(), "again")
		if err != nil {
			t.Fatal(err)
		}
		i.remember(&sum, v, time.Now())
	}
	shard := i.active.shard(new(sumOf("again")))
	total := 0
	for _, v := range shard.young {
		total += v.weight
	}
	if shard.weight != total {
		t.Errorf("the weight is said to be %d, and is %d", shard.weight, total)
	}
}

// TestSeenOpaqueTokensAreCheap holds the budget of tokens that were seen before.
func TestSeenOpaqueTokensAreCheap(t *testing.T) {
	h := opaqueHandler(map[string]authtest.Claims{"ory_at_opaque.token": {"sub": "alice", "scope": "orders:read"}})
	r := request("Bearer ory_at_opaque.token")
	x := new(exchange.Exchange)
	if refusal := h.Decide(x, nil, r); refusal != nil {
		t.Fatal(refusal)
	}
	r = request("Bearer ory_at_opaque.token")
	got := testing.AllocsPerRun(100, func() {
		stripIdentity(r.Header, h.fields)
		h.Decide(x, nil, r)
	})
	if got > 1 { // the identity field
		t.Errorf("%v allocations", got)
	}
}

func TestOnlyTokensAreAskedAbout(t *testing.T) {
	t.Parallel()
	o := new(oracle)
	o.set(saying(0, authtest.Claims{"active": true}))
	i := oracleOf(o)
	for token, want := range map[string]fault{
		"": notOpaque, "=": notOpaque, "a b": notOpaque, "a\nb": notOpaque, "é": notOpaque, `a"`: notOpaque, "a=b": notOpaque, "a&token=b": notOpaque, "%41": notOpaque,
		"Az09-._~+/==": none, "a.b.c.d.e": none,
	} {
		if got := asks(t, i, token); got != want {
			t.Errorf("%q: got %v, want %v", token, got, want)
		}
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	const plain = "application/json"
	for _, test := range []struct {
		name, kind, body string
		want             string // "active", "inactive", or a part of the error
	}{
		{"active", plain, `{"active":true,"sub":"a"}`, "active"},
		{"with a charset", "Application/JSON; charset=utf-8", `{"active":true}`, "active"},
		{"nulls", plain, `{"active":true,"sub":null,"exp":null,"aud":null}`, "active"},
		{"inactive", plain, `{"active":false}`, "inactive"},
		{"inactive, whatever else", plain, `{"active":false,"exp":"x"}`, "inactive"},
		{"no media type", "", `{"active":true}`, "not application/json"},
		{"text", "text/plain", `{"active":true}`, "not application/json"},
		{"a page", "text/html", `<html>`, "not application/json"},
		{"a signed answer", "application/token-introspection+jwt", `eyJ`, "plain JSON"},
		{"active as text", plain, `{"active":"true"}`, `for "active"`},
		{"active as number", plain, `{"active":1}`, `for "active"`},
		{"active is null", plain, `{"active":null}`, `for "active"`},
		{"active is absent", plain, `{"sub":"a"}`, `for "active"`},
		{"active twice", plain, `{"active":false,"active":true}`, "strict JSON"},
		{"active in capitals", plain, `{"Active":true}`, `for "active"`},
		{"trailing data", plain, `{"active":true}{}`, "strict JSON"},
		{"a list", plain, `[{"active":true}]`, "strict JSON"},
		{"cut off", plain, `{"active":true`, "strict JSON"},
		{"empty", plain, ``, "strict JSON"},
		{"exp as text", plain, `{"active":true,"exp":"2030"}`, "exp, nbf or iat"},
		{"aud of the wrong type", plain, `{"active":true,"aud":7}`, "wrong type"},
	} {
		v, err := readAnswer(test.kind, []byte(test.body))
		got := "inactive"
		switch {
		case err != nil && v != nil:
			t.Errorf("%s: a token and an error", test.name)
		case err != nil:
			got = err.Error()
		case v != nil:
			got = "active"
		}
		// What is in a token cannot bring about a pause for all others.
		if _, excused := errors.AsType[aboutToken](err); err != nil && excused != (test.kind == plain) {
			t.Errorf("%s: it is the token's fault: %v", test.name, excused)
		}
		if !strings.Contains(got, test.want) || got == "inactive" && test.want != got {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestOnlyAccessTokensAreAccepted(t *testing.T) {
	t.Parallel()
	e := expectations{anyIssuer: true, anyAudience: true}
	for _, test := range []struct {
		claims string
		want   fault
	}{
		{`"token_type":"Bearer"`, none},
		{`"token_type":"bearer","token_use":"access_token","typ":"Bearer"`, none},
		{`"token_type":"refresh_token"`, wrongType},
		{`"token_type":7`, wrongType},
		{`"token_use":"refresh_token"`, wrongType},
		{`"token_use":"id"`, wrongType},
		{`"typ":"Refresh"`, wrongType},
		{`"typ":"Offline"`, wrongType},
		{`"typ":"ID"`, wrongType},
		{`"token_type":"DPoP"`, senderBound},
		{`"cnf":{"jkt":"x"}`, senderBound},
		{`"exp":1`, expired},
		{`"nbf":4070908800`, notYet},
		{`"iat":4070908800`, issuedLater},
	} {
		v, err := readAnswer("application/json", []byte(`{"active":true,`+test.claims+`}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := e.judge(v, time.Now()); got != test.want {
			t.Errorf("%s: got %v, want %v", test.claims, got, test.want)
		}
	}
}

// TestSecretsInJSON holds that a configuration in JSON is held to the same rules, and
// that what is said about it does not quote it.
func TestSecretsInJSON(t *testing.T) {
	t.Parallel()
	for _, config := range []Introspection{
		{ClientID: "a", ClientSecret: "hunter2"}, {BearerToken: "hunter2"}, {ClientID: "a"}, {},
	} {
		config.URL = "https://idp.example"
		iss := Issuer{Issuer: "any", Audience: []string{"any"}, Introspection: &config}
		if err := iss.check(); err == nil || strings.Contains(err.Error(), "hunter") {
			t.Errorf("%+v: got %v", config, err)
		}
	}
}

func TestWhatIsAJWS(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		ecOne.Token(nil, nil): true, "eyJhbGciOiJub25lIn0.e30.": true, "eyJhbGciOiJub25lIn0=.x.y": true, "eyA.b.c": true, "IHsi.b.c": true,
		"": false, "opaque": false, "a.b.c": false, "ory_at_x.y": false, "eyJ.b.c.d.e": false, "eyJ.b": false, "..": false,
	} {
		if got := isJWS(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

// FuzzAnswer holds that no answer but one with "active": true makes a token active.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"active":true,"sub":"a","aud":["x"],"exp":4070908800,"scope":"a b","cnf":{"jkt":"x"}}`, `{"active":false}`, `{"active":"true"}`,
		`{"active":true,"active":false}`, `{"\u0061ctive":true}`, `{"active":true}x`, `{"active":null}`, `[]`, ``,
	} {
		f.Add("application/json", seed)
	}
	f.Add("application/token-introspection+jwt", "x")
	f.Fuzz(func(t *testing.T, kind, body string) {
		v, err := readAnswer(kind, []byte(body))
		if v == nil {
			return
		}
		object, ok := decodeObject(body)
		if err != nil || !ok || object["active"] != true || !v.introspected {
			t.Fatalf("%q makes a token active: %v", body, err)
		}
		if _, has := v.claims["active"]; has {
			t.Fatalf("%q: the answer has become a claim", body)
		}
	})
}
