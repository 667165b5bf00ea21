package ratelimit_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"gateway/internal/gatewaytest"
)

// backend answers when it is told to.
type backend struct {
	url             string
	arrived, answer chan struct{}
}

func slowBackend(t *testing.T) *backend {
	b := &backend{arrived: make(chan struct{}), answer: make(chan struct{})}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b.arrived <- struct{}{}
		select {
		case <-b.answer:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	b.url = strings.TrimPrefix(server.URL, "http://")
	return b
}

func (b *backend) site(directives string) string {
	return fmt.Sprintf(":8080 {\n\t%s\n\treverse_proxy %s\n\thandle_errors {\n\t\tproblem\n\t}\n}\n", directives, b.url)
}

// TestConcurrency is the story of a client with two places.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	b := slowBackend(t)
	directive := named("ratelimit {\n\t\tpolicy NAME {\n\t\t\tconcurrency 2\n\t\t}\n\t\tpolicy NAME-hour {\n\t\t\tquota 5/1h\n\t\t}\n\t}")
	name := strings.Fields(directive)[3]
	gw := gatewaytest.New(t, b.site(directive))
	client := address()
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			if resp := get(gw, client); resp.Code != http.StatusOK {
				t.Errorf("a request that had a place got %d", resp.Code)
			}
		})
		<-b.arrived
	}
	gw = gw.Reload(b.site(directive)) // requests under way stay counted
	for range 3 {                     // refused, so the quota is not charged
		resp := get(gw, client)
		if resp.Code != http.StatusTooManyRequests || resp.Problem().Code != "limit.concurrency" || resp.Header().Get("Retry-After") != "1" {
			t.Fatalf("got %d %s", resp.Code, resp.Body)
		}
		if want := fmt.Sprintf("Policy %q allows 2 requests at once.", name); resp.Problem().Detail != want {
			t.Errorf("detail: %s", resp.Problem().Detail)
		}
		if limit := resp.Header().Get("RateLimit"); !strings.HasPrefix(limit, fmt.Sprintf(`%q;r=0, "%s-hour";r=3;t=`, name, name)) {
			t.Errorf("RateLimit: %s", limit)
		}
		if policy := resp.Header().Get("RateLimit-Policy"); policy != fmt.Sprintf(`"%s";q=2;qu="concurrent-requests", "%s-hour";q=5;w=3600`, name, name) {
			t.Errorf("RateLimit-Policy: %s", policy)
		}
	}
	if n := gw.Metric("gateway_ratelimit_in_flight", "policy", name); n != 2 {
		t.Errorf("%v requests are under way, want 2", n)
	}
	b.answer <- struct{}{}
	b.answer <- struct{}{}
	group.Wait()
	for i := range 3 { // three of five are left
		group.Go(func() {
			if resp := get(gw, client); resp.Code != http.StatusOK {
				t.Errorf("request %d afterwards got %d", i, resp.Code)
			}
		})
		<-b.arrived
		b.answer <- struct{}{}
		group.Wait()
	}
	if resp := get(gw, client); resp.Problem().Code != "limit.exceeded" {
		t.Errorf("the quota is spent, but got %d %s", resp.Code, resp.Body)
	}
	if n := gw.Metric("gateway_ratelimit_in_flight", "policy", name); n != 0 {
		t.Errorf("%v requests are under way, want none", n)
	}
}

// TestPlacesComeBack: also from clients that hang up and from handlers that panic.
func TestPlacesComeBack(t *testing.T) {
	t.Parallel()
	b := slowBackend(t)
	gw := gatewaytest.New(t, b.site(named("ratelimit {\n\t\tpolicy NAME {\n\t\t\tconcurrency 1\n\t\t}\n\t}")))
	client := address()
	for range 3 {
		ctx, hangUp := context.WithCancel(t.Context())
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://localhost:8080/", nil)
		r.RemoteAddr = client + ":40000"
		var group sync.WaitGroup
		group.Go(func() {
			defer func() { _ = recover() }() // the proxy aborts the handler
			gw.Serve(r)
		})
		<-b.arrived
		hangUp()
		group.Wait()
	}
	done := make(chan int)
	go func() { done <- get(gw, client).Code }()
	<-b.arrived
	code := 0
	for code == 0 {
		select {
		case b.answer <- struct{}{}: // an earlier request may take it that has not heard yet that its client is gone
		case code = <-done:
		}
	}
	if code != http.StatusOK {
		t.Errorf("got %d", code)
	}
}

// TestConcurrencyReports: in report mode nobody is kept out, nor counted who would be.
func TestConcurrencyReports(t *testing.T) {
	t.Parallel()
	b := slowBackend(t)
	directive := named("ratelimit {\n\t\tpolicy NAME {\n\t\t\tconcurrency 1\n\t\t}\n\t\tmode report\n\t}")
	gw := gatewaytest.New(t, b.site(directive))
	client := address()
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			if resp := get(gw, client); resp.Code != http.StatusOK {
				t.Errorf("got %d", resp.Code)
			}
		})
		<-b.arrived
	}
	if n := gw.Metric("gateway_ratelimit_in_flight", "policy", strings.Fields(directive)[3]); n != 1 {
		t.Errorf("%v requests have a place, want 1", n)
	}
	b.answer <- struct{}{}
	b.answer <- struct{}{}
	group.Wait()
}
