package auth_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gateway/internal/gatewaytest"
	"gateway/modules/auth/authtest"
)

// The load of the proof lasts longer than two cooldowns.
const (
	attackTime     = 2200 * time.Millisecond
	attackRequests = 1000
	attackCooldown = time.Second
)

// hostile is one way in which the endpoint of a key set can misbehave.
type hostile struct {
	name   string
	answer http.HandlerFunc
}

// hostileEndpoints lists them. What is published besides known is new each time.
func hostileEndpoints(t *testing.T, known *authtest.Key) []hostile {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a redirect to another host was followed")
	}))
	t.Cleanup(elsewhere.Close)
	var rotations atomic.Int64
	return []hostile{
		{"slow", func(w http.ResponseWriter, r *http.Request) {
			drip(w, r, "{", 10*time.Millisecond)
		}},
		{"huge", func(w http.ResponseWriter, r *http.Request) {
			drip(w, r, strings.Repeat(" ", 64<<10), 0)
		}},
		{"500", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }},
		{"redirect to another host", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
		}},
		{"invalid JSON", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, authtest.Set(known)+"}") }},
		{"rotating", func(w http.ResponseWriter, _ *http.Request) {
			other := *next
			other.ID = fmt.Sprint("rotated-", rotations.Add(1))
			_, _ = io.WriteString(w, authtest.Set(known, &other))
		}},
		{"never answering", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
	}
}

// drip writes the same text again and again until the client has enough.
func drip(w http.ResponseWriter, r *http.Request, text string, pause time.Duration) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-timer.C:
		}
		if _, err := io.WriteString(w, text); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		timer.Reset(pause)
	}
}

// besieged is a gateway whose issuer is about to misbehave.
type besieged struct {
	hostile
	issuer *authtest.Issuer
	gw     *gatewaytest.Gateway
	good   []string
	// statuses counts the answers, by what was sent.
	forGood, forBad [600]atomic.Int64
	slowest         atomic.Int64 // of the answers to good tokens, in nanoseconds
}

func besiege(t *testing.T, h hostile) *besieged {
	b := &besieged{hostile: h, issuer: authtest.NewIssuer(t, signing)}
	b.gw = gatewaytest.New(t, fmt.Sprintf("{\n\tstorage file_system %s\n}\n:8080 {\n\tauth %s {\n\t\taudience orders\n\t\tjwks %s\n"+
		"\t\tkeys {\n\t\t\tcooldown %s\n\t\t\ttimeout 300ms\n\t\t}\n\t}\n\trespond ok\n}\n", t.TempDir(), b.issuer.URL, b.issuer.JWKS(), attackCooldown))
	for i := range 20 {
		b.good = append(b.good, bearer(signing.Token(b.issuer.Claims("orders", authtest.Claims{"jti": fmt.Sprint(i)}), nil)))
	}
	return b
}

func (b *besieged) send(credentials string) int {
	return b.gw.Do("GET", "/", "Authorization", credentials).Code
}

// attack sends requests with random key ids, evenly over attackTime, each beside one
// with a good token.
func (b *besieged) attack() {
	token := next.Token(b.issuer.Claims("orders", nil), authtest.Claims{"kid": nil})
	_, rest, _ := strings.Cut(token, ".")
	began := time.Now()
	var turn atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for i := turn.Add(1); i <= attackRequests; i = turn.Add(1) {
				until(began.Add(attackTime * time.Duration(i) / attackRequests))
				header := authtest.Base64(fmt.Appendf(nil, `{"alg":"EdDSA","kid":"random-%d"}`, i))
				b.forBad[b.send(bearer(header+"."+rest))].Add(1)
				sent := time.Now()
				b.forGood[b.send(b.good[i%int64(len(b.good))])].Add(1)
				took := int64(time.Since(sent))
				for slowest := b.slowest.Load(); took > slowest && !b.slowest.CompareAndSwap(slowest, took); {
					slowest = b.slowest.Load()
				}
			}
		})
	}
	all.Wait()
}

// until paces a load; nothing waits for it.
func until(moment time.Time) { time.Sleep(time.Until(moment)) }

// TestHostileKeyEndpoint is alone in its process while it runs, so that memory and
// goroutines can be counted. All endpoints misbehave at the same time, each at a
// gateway of its own.
func TestHostileKeyEndpoint(t *testing.T) {
	var all []*besieged
	for _, h := range hostileEndpoints(t, signing) {
		b := besiege(t, h)
		for _, token := range b.good {
			if got := b.send(token); got != 200 {
				t.Fatalf("%s: a good token gets %d before anything is wrong", h.name, got)
			}
		}
		all = append(all, b)
	}
	heapBefore, routinesBefore := heap(), runtime.NumGoroutine()
	began := time.Now()
	var running sync.WaitGroup
	for _, b := range all {
		b.issuer.Fetches.Store(0)
		b.issuer.Answer(b.answer)
		running.Go(b.attack)
	}
	running.Wait()
	allowed := int64(time.Since(began)/attackCooldown) + 1
	for _, b := range all {
		b.judge(t, allowed)
	}
	// 2 goroutines on each side of a connection that is kept alive.
	eventually(t, func() bool { return runtime.NumGoroutine() <= routinesBefore+4*len(all) })
	const tolerance = 2 << 20
	grown := heap() - heapBefore
	t.Logf("the heap grew by %d KiB over %d requests", grown>>10, 2*attackRequests*len(all))
	if grown > tolerance {
		t.Errorf("the heap grew by %d KiB, %d are tolerated", grown>>10, tolerance>>10)
	}
	runtime.KeepAlive(all)
}

func (b *besieged) judge(t *testing.T, allowed int64) {
	if n := b.forGood[200].Load(); n != attackRequests {
		t.Errorf("%s: %d of %d good tokens are accepted: %v", b.name, n, attackRequests, statuses(&b.forGood))
	}
	if n := b.forBad[401].Load(); n != attackRequests {
		t.Errorf("%s: %d of %d random key ids get 401: %v", b.name, n, attackRequests, statuses(&b.forBad))
	}
	fetches := b.issuer.Fetches.Load()
	t.Logf("%s: %d fetches, a good token took %s at most", b.name, fetches, time.Duration(b.slowest.Load()).Round(time.Microsecond))
	if fetches == 0 || fetches > allowed {
		t.Errorf("%s: %d fetches, want 1 to %d: one per cooldown", b.name, fetches, allowed)
	}
}

func statuses(counts *[600]atomic.Int64) string {
	var b strings.Builder
	for status := range counts {
		if n := counts[status].Load(); n > 0 {
			fmt.Fprintf(&b, "%d×%d ", n, status)
		}
	}
	return b.String()
}

func heap() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC() // what sync.Pool keeps leaves at the second one
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// Where the endpoint was hostile from the start there never was a usable key: every
// token is answered with 503, good or bad, and requests do not make fetches.
func TestHostileKeyEndpointFromTheStart(t *testing.T) {
	t.Parallel()
	for _, h := range hostileEndpoints(t, signing) {
		if h.name == "rotating" {
			continue // it has usable keys
		}
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			iss := authtest.NewIssuer(t, signing)
			iss.Answer(h.answer)
			began := time.Now()
			gw := gatewaytest.New(t, guarded(t, "auth "+iss.URL+" {\n\taudience orders\n\tjwks "+iss.JWKS()+"\n\tkeys {\n\t\ttimeout 100ms\n\t\tcooldown 1s\n\t}\n}"))
			good := bearer(signing.Token(iss.Claims("orders", nil), nil))
			for i := range 100 {
				stranger := *next
				stranger.ID = fmt.Sprint("random-", i)
				for _, credentials := range []string{good, bearer(stranger.Token(iss.Claims("orders", nil), nil))} {
					res := gw.Do("GET", "/", "Authorization", credentials)
					if res.Code != 503 || res.Header().Get("Retry-After") == "" || res.Header().Get("WWW-Authenticate") != "" {
						t.Fatalf("got %d with %v, want 503 with Retry-After and without challenge", res.Code, res.Header())
					}
				}
			}
			if res := gw.Do("GET", "/", "Authorization", "Bearer a.b.c"); res.Code != 401 {
				t.Errorf("a token that is none gets %d, want 401 with keys or without", res.Code)
			}
			// Never sooner than after 1 s: without keys the schedule fetches, not the requests.
			if n, allowed := iss.Fetches.Load(), int64(time.Since(began)/time.Second)+1; n > allowed {
				t.Errorf("%d fetches in %s, want %d at most", n, time.Since(began), allowed)
			}
			iss.Answer(nil)
			eventually(t, func() bool { return gw.Do("GET", "/", "Authorization", good).Code == 200 })
		})
	}
}

// Whatever a token says about where its key or its issuer is, nobody goes there
// (RFC 8725 §3.10), and a foreign issuer makes nobody ask ours.
func TestTokensSendNobodyAnywhere(t *testing.T) {
	t.Parallel()
	trap := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a token made the gateway ask for %s", r.URL)
	}))
	t.Cleanup(trap.Close)
	iss := authtest.NewIssuer(t, signing)
	gw := gatewaytest.New(t, guarded(t, "auth "+iss.URL+" {\n\taudience orders\n}"))
	stranger := authtest.New("ES256", "stranger")
	for name, token := range map[string]string{
		"jku":        stranger.Token(iss.Claims("orders", nil), authtest.Claims{"jku": trap.URL}),
		"x5u":        stranger.Token(iss.Claims("orders", nil), authtest.Claims{"x5u": trap.URL}),
		"jwk":        stranger.Token(iss.Claims("orders", nil), authtest.Claims{"jwk": stranger.JWK(nil), "kid": nil}),
		"kid":        stranger.Token(iss.Claims("orders", nil), authtest.Claims{"kid": trap.URL + "/jwks"}),
		"iss":        stranger.Token(authtest.Good(trap.URL, "orders", nil), nil),
		"everything": stranger.Token(authtest.Good(trap.URL, trap.URL, nil), authtest.Claims{"jku": trap.URL, "x5u": trap.URL, "kid": trap.URL, "iss": trap.URL, "url": trap.URL}),
	} {
		if got := gw.Do("GET", "/", "Authorization", bearer(token)).Code; got != 401 {
			t.Errorf("%s: got %d, want 401", name, got)
		}
	}
	// One at start, and one for all the unknown key ids, as the cooldown is 30 s.
	if n := iss.Fetches.Load(); n > 2 {
		t.Errorf("the issuer was asked for its keys %d times", n)
	}
}
