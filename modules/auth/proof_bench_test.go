package auth_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"gateway/internal/gatewaytest"
	"gateway/modules/auth"
	"gateway/modules/auth/authtest"
)

// discard is a response that goes nowhere.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }

// serving returns a function that serves one request, and what it has to be answered.
func serving(b *testing.B, gw *gatewaytest.Gateway, credentials string, status int) func(int) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if credentials != "" {
		r.Header.Set("Authorization", credentials)
	}
	w := &discard{header: make(http.Header)}
	return func(int) {
		clear(w.header)
		w.status = 200
		gw.ServeHTTP(w, r)
		if w.status != status {
			b.Fatalf("got %d, want %d", w.status, status)
		}
	}
}

// BenchmarkGateway serves whole requests, turn by turn with an empty Caddyfile and
// with a gateway whose auth is off: so one can read what Caddy costs, what the record
// of a request costs, and what auth adds to both.
func BenchmarkGateway(b *testing.B) {
	iss := authtest.NewIssuer(b, signing)
	with := func(lines string) *gatewaytest.Gateway {
		return gatewaytest.New(b, ":8080 {\n\t"+lines+"\n}")
	}
	empty, off := with(""), with("auth off")
	gw := with("auth " + iss.URL + " {\n\t\taudience orders\n\t}")
	token := signing.Token(iss.Claims("orders", nil), nil)
	for _, kind := range []struct {
		name, credentials string
		status            int
	}{
		{"seen", bearer(token), 200},
		{"missing", "", 401},
		{"malformed", bearer("a.b.c"), 401},
		{"expired", bearer(signing.Token(iss.Claims("orders", authtest.Claims{"exp": 1}), nil)), 401},
		{"signature", bearer(token[:len(token)-8] + "AAAAAAAA"), 401},
	} {
		b.Run(kind.name, func(b *testing.B) {
			medians := auth.Turns(b, serving(b, empty, kind.credentials, 200), serving(b, off, kind.credentials, 200), serving(b, gw, kind.credentials, kind.status))
			b.ReportMetric(medians[0], "ns-empty")
			b.ReportMetric(medians[1], "ns-off")
			b.ReportMetric(medians[2], "ns-auth")
			b.ReportMetric(medians[2]-medians[1], "ns-more")
		})
	}
}
