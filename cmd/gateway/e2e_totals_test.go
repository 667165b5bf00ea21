package main_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// totals are what somebody counted: requests by status, and refusals and failures by
// reason.
type totals struct{ status, reason map[string]int }

func newTotals() totals { return totals{make(map[string]int), make(map[string]int)} }

// compare holds what everybody has counted against each other.
func (m *mixed) compare(t *testing.T, accessLog string, console int) {
	t.Helper()
	sent := m.cut
	for _, n := range m.got.status {
		sent += n
	}
	var logged totals
	m.waitFor("the access log to be written", func() bool {
		var lines int
		logged, lines = readLog(t, accessLog)
		return lines >= sent
	})
	metrics := m.counted()
	t.Logf("%d requests: %v, %v; %d were given up by their clients", sent, m.got.status, m.got.reason, m.cut)
	if !maps.Equal(metrics.status, logged.status) || !maps.Equal(metrics.reason, logged.reason) {
		t.Errorf("metrics %v\naccess log %v", metrics, logged)
	}
	cut := 0
	for status, n := range metrics.status {
		if more := n - m.got.status[status]; m.got.status[status] == 0 {
			cut += more // a status that no client has seen
		} else if more != 0 {
			t.Errorf("status %s: clients got %d, the metrics say %d", status, m.got.status[status], n)
		}
	}
	if cut != m.cut {
		t.Errorf("%d requests ended in no status that a client has seen, and %d were given up", cut, m.cut)
	}
	for reason, n := range m.got.reason {
		if metrics.reason[reason] != n {
			t.Errorf("reason %s: clients got %d, the metrics say %d", reason, n, metrics.reason[reason])
		}
	}
	for _, kind := range []string{"websocket", "sse"} {
		want := m.got.status["101"]
		if kind == "sse" {
			want = int(m.metric("gateway_requests_total", "route", "/events", "code", "200"))
		}
		if n := int(m.metric("gateway_stream_duration_seconds", "kind", kind)); n != want || n == 0 {
			t.Errorf("%d streams of kind %s, want %d", n, kind, want)
		}
	}
	m.compareConsole(t, console, sent, metrics)
}

// compareConsole does so with the console, whose last hour ends with the last five seconds
// that are over.
func (m *mixed) compareConsole(t *testing.T, port, sent int, metrics totals) {
	t.Helper()
	var state struct {
		Recording struct{ Seen int }
	}
	type hour struct {
		Totals struct {
			Requests int
			Reasons  map[string]int
		}
	}
	var history hour
	ask := func(path string, into any) {
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/api/%s", port, path))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(read(t, response).body, into); err != nil {
			t.Fatal(err)
		}
	}
	ask("state", &state)
	for end := time.Now().Add(15 * time.Second); history.Totals.Requests < sent && time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		history = hour{}
		ask("metrics?minutes=60", &history)
	}
	if state.Recording.Seen != sent || history.Totals.Requests != sent {
		t.Errorf("the console has seen %d requests and counted %d, want %d", state.Recording.Seen, history.Totals.Requests, sent)
	}
	var limits struct {
		Policies []struct {
			Policy    string
			Decisions struct{ Passed, Refused int }
		}
	}
	ask("limits", &limits)
	passed := int(m.metric("gateway_ratelimit_decisions_total", "policy", "tenants", "decision", "passed"))
	if len(limits.Policies) != 1 || limits.Policies[0].Decisions.Refused != metrics.reason["limit.exceeded"] || limits.Policies[0].Decisions.Passed != passed || passed == 0 {
		t.Errorf("the console says of the limits: %+v; want %d passed and %d refused", limits, passed, metrics.reason["limit.exceeded"])
	}
	if !maps.Equal(history.Totals.Reasons, metrics.reason) {
		t.Errorf("reasons on the console %v, in the metrics %v", history.Totals.Reasons, metrics.reason)
	}
}

// readLog counts the lines of an access log.
func readLog(t *testing.T, file string) (counted totals, lines int) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	counted = newTotals()
	for scanner := bufio.NewScanner(f); scanner.Scan(); lines++ {
		var line struct {
			Status  int
			Gateway struct{ Reason string }
		}
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			break // half a line
		}
		counted.status[strconv.Itoa(line.Status)]++
		if line.Gateway.Reason != "" {
			counted.reason[line.Gateway.Reason]++
		}
	}
	return counted, lines
}

// counted reads the totals off the metrics.
func (m *mixed) counted() totals {
	m.t.Helper()
	response, err := http.Get(fmt.Sprintf("http://localhost:%d/metrics", m.metricsPort))
	if err != nil {
		m.t.Fatal(err)
	}
	defer response.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	counted := newTotals()
	for name, label := range map[string]string{"gateway_requests_total": "code", "gateway_rejections_total": "reason"} {
		into := counted.status
		if label == "reason" {
			into = counted.reason
		}
		for _, metric := range families[name].GetMetric() {
			for _, pair := range metric.GetLabel() {
				if n := int(metric.GetCounter().GetValue()); pair.GetName() == label && n > 0 {
					into[pair.GetValue()] += n
				}
			}
		}
	}
	return counted
}
