package auth_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"gateway/internal/gatewaytest"
	"gateway/modules/auth/authtest"
)

// goneIssuer accepts connections and cuts them off.
func goneIssuer(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// outage is an issuer that goes away and comes back, and clients that go on.
type outage struct {
	t      *testing.T
	issuer *authtest.Issuer
	gw     *gatewaytest.Gateway
	sent   int
}

const (
	outageRefresh = time.Second
	outageStale   = 3 * time.Second
)

// send sends a valid token that was never seen before, and one that was.
func (o *outage) send() (status int, res *gatewaytest.Response) {
	o.t.Helper()
	o.sent++
	token := bearer(signing.Token(o.issuer.Claims("orders", authtest.Claims{"jti": strconv.Itoa(o.sent)}), nil))
	first := o.gw.Do("GET", "/", "Authorization", token)
	if again := o.gw.Do("GET", "/", "Authorization", token); again.Code != first.Code && first.Code == 200 {
		return again.Code, again
	}
	return first.Code, first
}

// valid sends valid tokens until done, and none of them may be refused.
func (o *outage) valid(what string, done func() bool) {
	o.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if status, _ := o.send(); status != 200 {
			o.t.Fatalf("%s: a valid token gets %d", what, status)
		}
		if time.Now().After(deadline) {
			o.t.Fatalf("waited in vain for %s", what)
		}
	}
}

func (o *outage) metric(name string) float64 {
	return o.gw.Metric("gateway_auth_keys_"+name, "issuer", o.issuer.JWKS())
}

// TestOutageOfTheIssuer takes the issuer away for longer than the refresh interval,
// restarts the gateway meanwhile, and keeps sending: no valid token is refused while
// the last good keys are not stale; then the answer is 503; and the issuer's return
// heals it without anybody's help.
func TestOutageOfTheIssuer(t *testing.T) {
	t.Parallel()
	o := &outage{t: t, issuer: authtest.NewIssuer(t, signing)}
	text := guarded(t, fmt.Sprintf("auth %s {\n\taudience orders\n\tjwks %s\n\tkeys {\n\t\trefresh %s\n\t\tstale %s\n\t\tcooldown 1s\n\t\ttimeout 300ms\n\t}\n}",
		o.issuer.URL, o.issuer.JWKS(), outageRefresh, outageStale))
	o.gw = gatewaytest.New(t, text)
	if status, _ := o.send(); status != 200 {
		t.Fatalf("before the outage: %d", status)
	}
	o.issuer.Answer(goneIssuer)
	fetched := time.UnixMilli(int64(o.metric("last_success_timestamp_seconds") * 1e3))
	o.valid("a refresh that failed", func() bool { return o.metric("fetch_failures_total") > 0 })

	o.gw.Close()
	if n := o.metric("fetches_total"); n != 0 {
		t.Fatalf("the process still holds the keys after the end of the config (%v fetches), so this is no restart", n)
	}
	o.gw = gatewaytest.New(t, text)
	o.valid("a fetch that failed after the restart", func() bool { return o.metric("fetch_failures_total") > 0 })
	if stale := o.metric("stale"); stale != 1 {
		t.Errorf("gateway_auth_keys_stale is %v during the outage, want 1", stale)
	}
	o.stale(fetched)
	o.issuer.Answer(nil)
	eventually(t, func() bool {
		status, _ := o.send()
		if status != 200 && status != 503 {
			t.Fatalf("while the issuer comes back: %d", status)
		}
		return status == 200
	})
}

// stale goes on until the keys are too old, and looks at what clients are told then.
func (o *outage) stale(fetched time.Time) {
	o.t.Helper()
	for {
		began := time.Now()
		status, res := o.send()
		age := time.Since(fetched)
		switch {
		case status == 200 && began.Sub(fetched) > outageStale+time.Millisecond: // the metric's unit
			o.t.Fatalf("keys are used %s after they were fetched, stale is %s", age, outageStale)
		case status == 503 && age < outageStale:
			o.t.Fatalf("503 when the keys were %s old, stale is %s", age, outageStale)
		case status == 503:
			if res.Header().Get("Retry-After") == "" || res.Header().Get("WWW-Authenticate") != "" {
				o.t.Errorf("503 with %v, want Retry-After and no challenge", res.Header())
			}
			return
		case status != 200:
			o.t.Fatalf("got %d, want 200 and later 503", status)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
