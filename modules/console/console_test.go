package console_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gateway/internal/freeport"
	"gateway/internal/gatewaytest"
	"gateway/internal/recording"
)

// state is what the page gets.
type state struct {
	Contracts []struct {
		API     string
		Healthy bool
	}
	Requests []recording.Row
	Seen     int
}

// started returns a gateway with a console that listens. The harness starts no apps by
// itself.
func started(t testing.TB, address, options string) *gatewaytest.Gateway {
	t.Helper()
	return startedIn(t, ".", address, options)
}

// startedIn is started for a Caddyfile in a folder.
func startedIn(t testing.TB, folder, address, options string) *gatewaytest.Gateway {
	t.Helper()
	gw, err := gatewaytest.LoadFile(t, filepath.Join(folder, "Caddyfile"), fmt.Sprintf("{\n\tgateway {\n\t\tconsole %s\n\t}\n}\n:8080 {\n%s\n}\n", address, options))
	if err != nil {
		t.Fatal(err)
	}
	app, err := gw.Context().App("gateway")
	if err != nil {
		t.Fatal(err)
	}
	runs := app.(interface {
		Start() error
		Stop() error
	})
	if err := runs.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = runs.Stop() })
	return gw
}

// get asks the console for a path and decodes what it says.
func get(t *testing.T, address, path string, into any) *http.Response {
	t.Helper()
	res, err := http.Get("http://" + address + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("%s: got %d %s, %v", path, res.StatusCode, text, err)
	}
	return res
}

func ask(t *testing.T, address string) (s state) {
	t.Helper()
	get(t, address, "/api/state", &s)
	get(t, address, "/api/requests?limit=500", &s)
	return s
}

func TestWhatHappened(t *testing.T) {
	t.Parallel()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id": 7}`)
	}))
	defer service.Close()
	address := freeport.Address(t)
	gw := started(t, address, "\tapi things {\n\t\tcontract testdata/things.yaml\n\t\tvalidate {\n\t\t\tresponses report\n\t\t}\n\t\treverse_proxy "+strings.TrimPrefix(service.URL, "http://")+"\n\t}")
	if s := ask(t, address); len(s.Requests) != 0 || len(s.Contracts) != 1 || !s.Contracts[0].Healthy {
		t.Fatalf("at first: %+v", s)
	}
	gw.Do("GET", "/things?limit=many")
	gw.Do("GET", "/nothing-here")
	if got := gw.Do("GET", "/things").Code; got != 200 {
		t.Fatalf("got %d", got)
	}
	service.Close()
	gw.Do("GET", "/things")
	s := ask(t, address)
	if len(s.Requests) != 4 || s.Seen != 4 {
		t.Fatalf("got %+v", s)
	}
	for i, want := range []string{
		"upstream.refused failed 502 /things", "schema.response reported 200 /things", "route.not_found refused 404 /nothing-here", "schema.query refused 400 /things",
	} {
		r := s.Requests[i]
		if got := fmt.Sprintf("%s %s %d %s", r.Reason, r.Outcome, r.Status, r.Path); got != want {
			t.Errorf("%d: got %s, want %s", i, got, want)
		}
	}
	var judged, queried recording.Entry
	get(t, address, "/api/requests/"+s.Requests[1].ID, &judged)
	last := judged.Steps[len(judged.Steps)-1]
	if !last.Response || last.Cause != "status 200: /id type" || last.Source == nil || last.Source.Line == 0 {
		t.Errorf("what broke in the response: %+v", last)
	}
	if judged.Response.Body.Text != `{"id": 7}` || judged.Forwarded == nil {
		t.Errorf("the response: %+v", judged)
	}
	get(t, address, "/api/requests/"+s.Requests[3].ID, &queried)
	if v := queried.Violations; len(v) != 1 || v[0].Place != "query limit" || queried.Request.Target != "/things?limit=many" || queried.Forwarded != nil {
		t.Errorf("the query: %+v", queried)
	}
	if s := ask(t, address); s.Seen != 4 {
		t.Error("looking counts as a request")
	}
}

// TestRequestsOutliveAReload: and the oldest leave.
func TestRequestsOutliveAReload(t *testing.T) {
	t.Parallel()
	address := freeport.Address(t)
	options := "\tapi things {\n\t\tcontract testdata/things.yaml\n\t\trespond ok\n\t}"
	gw := started(t, address, options)
	for range recording.Capacity + 50 {
		gw.Do("GET", "/nothing")
	}
	gw.Do("PUT", "/things")
	s := ask(t, address)
	if len(s.Requests) != recording.Capacity || s.Seen != recording.Capacity+51 || s.Requests[0].Reason != "route.method" || s.Requests[recording.Capacity-1].Reason != "route.not_found" {
		t.Errorf("got %d of %d, the newest %+v", len(s.Requests), s.Seen, s.Requests[0])
	}
	next := started(t, address, options+"\n\theader X-Changed yes") // while the one before still listens
	next.Do("PUT", "/things")
	if s := ask(t, address); s.Seen != recording.Capacity+52 {
		t.Errorf("after the reload: %d", s.Seen)
	}
}

// TestOnlyThisMachineAndThisPage: other names that lead here, and pages of other sites,
// get nothing.
func TestOnlyThisMachineAndThisPage(t *testing.T) {
	t.Parallel()
	address := freeport.Address(t)
	started(t, address, "\trespond ok")
	for _, c := range []struct {
		name, method, path, host string
		header                   []string
		want                     int
	}{
		{"the page", "GET", "/", "", nil, 200},
		{"by name", "GET", "/", "localhost:2021", nil, 200},
		{"by IPv6", "GET", "/", "[::1]:2021", nil, 200},
		{"the script", "GET", "/js/main.js", "", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"rebinding", "GET", "/api/state", "evil.example:2021", nil, 421},
		{"no such host", "GET", "/api/state", "127.0.0.1.evil.example", nil, 421},
		{"a foreign page reads", "GET", "/api/state", "", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "script"}, 403},
		{"a foreign page listens with an old browser", "GET", "/api/events", "", []string{"Origin", "https://evil.example"}, 403},
		{"a neighbour's page reads with an old browser", "GET", "/api/state", "", []string{"Origin", "http://localhost:1"}, 403},
		{"a page without an origin", "GET", "/api/state", "", []string{"Origin", "null"}, 403},
		{"a neighbour's page reads", "GET", "/api/state", "", []string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "cors"}, 403},
		{"a foreign page frames", "GET", "/", "", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, 403},
		{"a link leads here", "GET", "/", "", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 200},
		{"writing", "POST", "/api/state", "", nil, 405},
		{"nothing else", "GET", "/console.go", "", nil, 404},
	} {
		r, err := http.NewRequest(c.method, "http://"+address+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = c.host
		for i := 0; i < len(c.header); i += 2 {
			r.Header.Set(c.header[i], c.header[i+1])
		}
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		policy := res.Header.Get("Content-Security-Policy")
		if res.StatusCode != c.want || !strings.HasPrefix(policy, "default-src 'none'") || res.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: got %d, want %d; %v", c.name, res.StatusCode, c.want, res.Header)
		}
	}
}

// TestFindings: addresses that others reach, and other mistakes, do not load.
func TestFindings(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, option := range []string{"console", "console :2021", "console 0.0.0.0:2021", "console example.com:2021", "console 127.0.0.1:2021-2025", "console unix//tmp/console", "console 127.0.0.1:x", "console 127.0.0.1\n\t\tconsole 127.0.0.1", "console 127.0.0.1 more", "consol 127.0.0.1"} {
		_, err := gatewaytest.Load(t, "{\n\tgateway {\n\t\t"+option+"\n\t}\n}\n:8080 {\n\trespond ok\n}\n")
		if err == nil {
			t.Errorf("loads: %s", option)
			continue
		}
		fmt.Fprintf(&all, "%s\n\n%v\n----\n", option, err)
	}
	gatewaytest.Golden(t, "testdata/findings.golden", []byte(all.String()))
}

// TestMetrics: what went through is counted, by what it was, and outlives a reload.
func TestMetrics(t *testing.T) {
	t.Parallel()
	address := freeport.Address(t)
	options := "\tapi things {\n\t\tcontract testdata/things.yaml\n\t\trespond ok\n\t}"
	gw := started(t, address, options)
	gw.Do("GET", "/things")
	gw.Do("GET", "/things?limit=x")
	next := started(t, address, options+"\n\theader X-Changed yes")
	next.Do("PUT", "/things")
	var answer struct {
		Totals struct {
			Requests     int
			ClientErrors int `json:"client_errors"`
			Reasons      map[string]int
		}
		Routes []struct{ API, Method, Route string }
	}
	for deadline := time.Now().Add(20 * time.Second); answer.Totals.Requests < 3; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("got %+v", answer)
		}
		fetch(t, address, "/api/metrics?minutes=1", &answer) // the interval has to be over
	}
	if answer.Totals.ClientErrors != 2 || answer.Totals.Reasons["schema.query"] != 1 || answer.Totals.Reasons["route.method"] != 1 || len(answer.Routes) != 2 {
		t.Errorf("got %+v", answer)
	}
	var reasons struct {
		Reasons []struct{ Code, Hint, About string }
	}
	if fetch(t, address, "/api/reasons", &reasons); len(reasons.Reasons) < 40 || reasons.Reasons[0].About == "" {
		t.Errorf("got %+v", reasons)
	}
	for _, query := range []string{"minutes=0", "minutes=61", "minutes=x", "step=1", "step=1e9"} {
		res, err := http.Get("http://" + address + "/api/metrics?" + query)
		if err != nil {
			t.Fatal(err)
		}
		if res.Body.Close(); res.StatusCode != 400 {
			t.Errorf("%s: got %d", query, res.StatusCode)
		}
	}
}

// fetch reads JSON.
func fetch(t *testing.T, address, path string, into any) {
	t.Helper()
	res, err := http.Get("http://" + address + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil || res.StatusCode != 200 {
		t.Fatalf("%s: got %d, %v", path, res.StatusCode, err)
	}
}
