package validate_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gateway/internal/gatewaytest"
)

// answering serves the contract about answers in front of a service, over real
// connections. options are those of responses.
func answering(t testing.TB, mode string, options []string, service http.HandlerFunc) (answerer, *httptest.Server) {
	t.Helper()
	name := fmt.Sprintf("answers-%d", answererCount.Add(1))
	upstream := httptest.NewServer(service)
	t.Cleanup(upstream.Close)
	gw, err := gatewaytest.LoadFile(t, "testdata/Caddyfile", fmt.Sprintf(`:8080 {
	api %s {
		contract api/answers.yaml
		validate {
			responses %s {
				%s
			}
		}
		reverse_proxy %s {
			transport http {
				compression off
			}
		}
	}
}
`, name, mode, strings.Join(options, "\n\t\t\t\t"), upstream.URL))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gw)
	t.Cleanup(server.Close)
	return answerer{gw, name, server}, server
}

// answerer is a gateway that looks at responses. Its API has a name of its own, because
// metrics belong to the process.
type answerer struct {
	*gatewaytest.Gateway
	name   string
	server *httptest.Server
}

var answererCount atomic.Int64

// checks returns how many responses were counted with a result, "" for any. It ends the
// server first: requests are counted when the client has its response already.
func (a answerer) checks(result string) float64 {
	a.server.Close()
	if result == "" {
		return a.Metric("gateway_response_checks_total", "api", a.name)
	}
	return a.Metric("gateway_response_checks_total", "api", a.name, "result", result)
}

// fetched is a response with its body read.
type fetched struct {
	*http.Response
	body string
	err  error // of reading the body
}

func fetch(t testing.TB, method, url string, header ...string) fetched {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := plain.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return fetched{response, string(body), err}
}

// plain asks for no content coding by itself.
var plain = &http.Transport{DisableCompression: true}

// reply is what the service says: a status, header fields and a body.
type reply struct {
	status int
	header http.Header
	body   string
}

func (a reply) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	for key, values := range a.header {
		w.Header()[key] = values
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

// as returns the header of a good answer with a media type; pairs follow.
func as(mediaType string, pairs ...string) http.Header {
	header := http.Header{"Content-Type": {mediaType}, "X-Count": {"1"}}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			delete(header, pairs[i])
			continue
		}
		header[pairs[i]] = append(header[pairs[i]], pairs[i+1])
	}
	return header
}

func zipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return b.String()
}

const goodOrder = `{"id":"a","quantity":2}`

// answers are what a service may say, and what becomes of it: "passed", why it is not
// checked, or what is broken after an exclamation mark.
var answers = map[string]struct {
	method string
	reply  reply
	want   string
}{
	"good":                     {"GET", reply{200, as("application/json"), goodOrder}, "passed"},
	"good, with parameters":    {"GET", reply{200, as("Application/JSON; charset=utf-8"), goodOrder}, "passed"},
	"good, another media type": {"GET", reply{200, as("application/vnd.orders+json"), goodOrder}, "passed"},
	"good, under a range":      {"GET", reply{200, as("application/list+json"), `[]`}, "passed"},
	"good, by name alone":      {"GET", reply{200, as("image/png"), "\x89PNG"}, "passed"},
	"good, text":               {"GET", reply{200, as("text/plain"), "short"}, "passed"},
	"good, fields":             {"GET", reply{200, as("application/json", "X-Tags", "a, bcd", "X-Tags", "e", "Set-Cookie", "a=1", "Set-Cookie", "a=2"), goodOrder}, "passed"},
	"good, no content":         {"GET", reply{204, nil, ""}, "passed"},
	"good, no content declared": {
		"GET", reply{404, http.Header{"Content-Type": {"text/html"}}, "<h1>Not here</h1>"}, "passed",
	},
	"good, a range of statuses": {"GET", reply{422, as("application/problem+json"), `{"title":"No"}`}, "passed"},
	"good, the default":         {"POST", reply{599, as("a/b"), "x"}, "passed"},
	"good, gzip":                {"GET", reply{200, as("application/json", "Content-Encoding", "gzip"), zipped(goodOrder)}, "passed"},

	"undeclared status":     {"GET", reply{500, as("application/json"), `{"error":"stack of the-secret"}`}, "!status undeclared"},
	"undeclared media type": {"GET", reply{200, as("text/html"), "the-secret"}, "!Content-Type undeclared"},
	"no media type":         {"GET", reply{200, http.Header{"Content-Type": nil, "X-Count": {"1"}}, "the-secret"}, "!Content-Type required"},
	"two media types":       {"GET", reply{200, as("application/json", "Content-Type", "text/plain"), goodOrder}, "!Content-Type required"},
	"nonsense media type":   {"GET", reply{200, as("the-secret"), goodOrder}, "!Content-Type undeclared"},
	"missing field":         {"GET", reply{200, as("application/json", "X-Count", ""), goodOrder}, "!X-Count required"},
	"bad fields":            {"GET", reply{200, as("application/json", "X-Count", "", "X-Count", "-1", "X-Tags", "the-secret"), goodOrder}, "!X-Count minimum; X-Tags maxLength"},
	"bad cookie":            {"GET", reply{200, as("application/json", "Set-Cookie", "a=1", "Set-Cookie", "b=the-secret"), goodOrder}, "!Set-Cookie pattern"},
	"field and body":        {"GET", reply{200, as("application/json", "X-Count", ""), `{}`}, "!X-Count required; /id required; /quantity required"},
	"no body":               {"GET", reply{200, as("application/json"), ""}, "!body required"},
	"bad body":              {"GET", reply{200, as("application/json"), `{"id":"the-secret","quantity":0}`}, "!/quantity minimum"},
	"deep in a body":        {"GET", reply{200, as("application/json"), `{"id":"a","quantity":1,"parent":{"id":7,"quantity":1}}`}, "!/parent/id type"},
	"write-only":            {"GET", reply{200, as("application/json"), `{"id":"a","quantity":1,"secret":"the-secret"}`}, "!/secret writeOnly"},
	"unknown member":        {"GET", reply{200, as("application/json"), `{"id":"a","quantity":1,"extra":"the-secret"}`}, "!/extra additionalProperties"},
	"no JSON":               {"GET", reply{200, as("application/json"), `{"id":the-secret}`}, "!body json"},
	"two readings":          {"GET", reply{200, as("application/json"), `{"id":"a","id":"the-secret","quantity":1}`}, "!body duplicate_key"},
	"another kind":          {"GET", reply{200, as("application/json"), `["the-secret"]`}, "!body type"},
	"long text":             {"GET", reply{200, as("text/plain"), "the-secret"}, "!body maxLength"},
	"bad, under a range":    {"GET", reply{200, as("application/list+json"), `{}`}, "!body type"},
	"bad, a range of statuses": {
		"GET", reply{422, as("application/problem+json"), `{"error":"the-secret"}`}, "!/title required",
	},
	"bad, gzip":    {"GET", reply{200, as("application/json", "Content-Encoding", "gzip"), zipped(`{"quantity":1}`)}, "!/id required"},
	"no gzip":      {"GET", reply{200, as("application/json", "Content-Encoding", "gzip"), "the-secret"}, "!Content-Encoding content_coding"},
	"HEAD, status": {"HEAD", reply{500, as("application/json"), ""}, "!status undeclared"},

	"HEAD":              {"HEAD", reply{200, as("application/json"), ""}, "head"},
	"HEAD, bare":        {"HEAD", reply{200, as("application/json", "Content-Type", ""), ""}, "head"},
	"not modified":      {"GET", reply{304, nil, ""}, "not_modified"},
	"partial":           {"GET", reply{206, as("application/json", "Content-Range", "bytes 0-1/9"), `{"`}, "partial"},
	"events":            {"GET", reply{200, as("text/event-stream"), "data: 1\n\n"}, "streamed"},
	"XML":               {"GET", reply{200, as("application/xml"), "<a/>"}, "media_type"},
	"brotli":            {"GET", reply{200, as("application/json", "Content-Encoding", "br"), "\x0b\x02\x80{}\x03"}, "encoded"},
	"two codings":       {"GET", reply{200, as("application/json", "Content-Encoding", "gzip", "Content-Encoding", "gzip"), zipped(zipped(goodOrder))}, "encoded"},
	"large":             {"GET", reply{200, as("application/json"), `{"id":"` + strings.Repeat("a", 5000) + `"}`}, "too_large"},
	"large, expanded":   {"GET", reply{200, as("application/json", "Content-Encoding", "gzip"), zipped(`{"id":"` + strings.Repeat("a", 5000) + `"}`)}, "too_large"},
	"large, of a range": {"GET", reply{200, as("application/xml"), strings.Repeat("<a/>", 5000)}, "media_type"},
	"deep":              {"GET", reply{200, as("application/json"), strings.Repeat("[", 100) + strings.Repeat("]", 100)}, "too_complex"},
}

// TestResponses sends every answer through a gateway that reports and one that
// enforces.
func TestResponses(t *testing.T) {
	t.Parallel()
	for name, test := range answers {
		for _, mode := range []string{"report", "enforce"} {
			t.Run(name+", "+mode, func(t *testing.T) {
				t.Parallel()
				gw, server := answering(t, mode, []string{"max_body 4KiB"}, test.reply.ServeHTTP)
				got := fetch(t, test.method, server.URL+"/orders/7")
				result := test.want
				broken := strings.HasPrefix(test.want, "!")
				switch {
				case broken && mode == "enforce":
					refused(t, got)
					result = "refused"
				case broken:
					result = "reported"
					fallthrough
				default:
					unchanged(t, got, test.reply)
				}
				if n := gw.checks(""); n != 1 || gw.checks(result) != 1 {
					t.Errorf("%v checks are counted, want one that is %s", n, result)
				}
			})
		}
	}
}

// refused checks that nothing of the answer is in the problem.
func refused(t *testing.T, got fetched) {
	t.Helper()
	if got.StatusCode != 502 || got.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %d %s", got.StatusCode, got.body)
	}
	if got.Request.Method != "HEAD" && !strings.Contains(got.body, `"code":"schema.response"`) {
		t.Errorf("the problem is %s", got.body)
	}
	for key := range got.Header {
		switch key {
		case "Content-Type", "Content-Length", "Cache-Control", "Date", "Server", "X-Request-Id":
		default:
			t.Errorf("the problem has the field %s: %q", key, got.Header[key])
		}
	}
	if strings.Contains(got.body, "secret") || strings.Contains(got.body, "quantity") {
		t.Errorf("the problem has something of the answer: %s", got.body)
	}
}

// unchanged checks that the client got what the service said.
func unchanged(t *testing.T, got fetched, want reply) {
	t.Helper()
	body := want.body
	if got.Request.Method == "HEAD" {
		body = ""
	}
	if got.StatusCode != want.status || got.body != body || got.err != nil {
		t.Errorf("got %d %q (%v), want %d %q", got.StatusCode, got.body, got.err, want.status, body)
	}
	for key, values := range want.header {
		if len(values) > 0 && strings.Join(got.Header[key], ",") != strings.Join(values, ",") {
			t.Errorf("%s is %q, want %q", key, got.Header[key], values)
		}
	}
}

// TestResponsesInLogs keeps what the operator reads about a broken response.
func TestResponsesInLogs(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "log")
	upstream := httptest.NewServer(reply{200, as("application/json", "X-Count", ""), `{"quantity":0,"extra":"the-secret"}`})
	defer upstream.Close()
	gw, err := gatewaytest.LoadFile(t, "testdata/Caddyfile", fmt.Sprintf(`{
	log default {
		output file %s
	}
}
:8080 {
	log
	api answers {
		contract api/answers.yaml
		validate {
			responses report
		}
		reverse_proxy %s
	}
}
`, file, upstream.URL))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		gw.Do("GET", "/orders/7")
	}
	gw.Close()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	log := string(text)
	const broken = `"operation":"getOrder","version":"","status":200,"broken":["X-Count required","/extra additionalProperties","/id required","/quantity minimum"],"more":0,`
	if strings.Count(log, "a response breaks the contract") != 1 || !strings.Contains(log, broken) {
		t.Errorf("one line has to say what is broken:\n%s", log)
	}
	const step = `{"policy":"validate","response":true,"verdict":"reported","reason":"schema.response","cause":"status 200: X-Count required; /extra additionalProperties; /id required; /quantity minimum"`
	if strings.Count(log, step) != 3 {
		t.Errorf("every line of the access log has to say so:\n%s", log)
	}
	if strings.Contains(log, "the-secret") {
		t.Error("the log has a value of the response")
	}
}

// TestReportedResponsesStream: the client has the beginning before the service has
// thought of the end.
func TestReportedResponsesStream(t *testing.T) {
	t.Parallel()
	more := make(chan struct{})
	_, server := answering(t, "report", nil, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Count", "1")
		_, _ = io.WriteString(w, `{"id":"a",`)
		w.(http.Flusher).Flush()
		<-more
		_, _ = io.WriteString(w, `"quantity":2}`)
	})
	response, err := http.Get(server.URL + "/orders/7")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	begin := make([]byte, 10)
	if _, err := io.ReadFull(response.Body, begin); err != nil || string(begin) != `{"id":"a",` {
		t.Errorf("got %q, %v", begin, err)
	}
	close(more)
	if rest, err := io.ReadAll(response.Body); err != nil || string(rest) != `"quantity":2}` {
		t.Errorf("got %q, %v", rest, err)
	}
}

// TestStreams: events, and bodies that turn out to be longer than the bound, are not
// held by a gateway that enforces.
func TestStreams(t *testing.T) {
	t.Parallel()
	for mediaType, begin := range map[string]string{
		"text/event-stream": "data: 1\n\n",
		"application/json":  `{"id":"` + strings.Repeat("a", 5000),
	} {
		more := make(chan struct{})
		gw, server := answering(t, "enforce", []string{"max_body 4KiB"}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", mediaType)
			w.Header().Set("X-Count", "1")
			for _, piece := range []string{begin[:5], begin[5:]} {
				_, _ = io.WriteString(w, piece)
				w.(http.Flusher).Flush()
			}
			<-more
		})
		response, err := http.Get(server.URL + "/orders/7")
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(begin))
		if _, err := io.ReadFull(response.Body, got); err != nil || string(got) != begin {
			t.Errorf("%s: got %q, %v", mediaType, got, err)
		}
		close(more)
		_, _ = io.ReadAll(response.Body)
		response.Body.Close()
		if n := gw.checks("streamed") + gw.checks("too_large"); n != 1 {
			t.Errorf("%s: %v responses are counted as unchecked", mediaType, n)
		}
	}
}

// TestTrailersAndInterimResponses pass in both modes.
func TestTrailersAndInterimResponses(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"report", "enforce"} {
		_, server := answering(t, mode, nil, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", "</style.css>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Del("Link")
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("X-Count", "1")
			w.Header().Set("Trailer", "X-Announced")
			_, _ = io.WriteString(w, goodOrder)
			w.Header().Set("X-Announced", "one")
			w.Header().Set(http.TrailerPrefix+"X-Unannounced", "two")
		})
		var hints []string
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
			hints = append(hints, fmt.Sprintf("%d %s", code, header.Get("Link")))
			return nil
		}})
		r, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/orders/7", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || string(body) != goodOrder || response.Header.Get("X-Announced") != "" || response.Header.Get("Link") != "" {
			t.Errorf("%s: got %q %v with %v", mode, body, err, response.Header)
		}
		if response.Trailer.Get("X-Announced") != "one" || response.Trailer.Get("X-Unannounced") != "two" {
			t.Errorf("%s: the trailers are %v", mode, response.Trailer)
		}
		if len(hints) != 1 || hints[0] != "103 </style.css>; rel=preload" {
			t.Errorf("%s: the interim responses are %q", mode, hints)
		}
	}
}

// TestUpgrades pass in both modes, and both sides can talk.
func TestUpgrades(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"report", "enforce"} {
		gw, server := answering(t, mode, nil, func(w http.ResponseWriter, _ *http.Request) {
			conn, buffer, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			_, _ = buffer.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
			_ = buffer.Flush()
			line, _ := buffer.ReadString('\n')
			_, _ = buffer.WriteString(line)
			_ = buffer.Flush()
		})
		r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/orders/7", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Connection", "Upgrade")
		r.Header.Set("Upgrade", "websocket")
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		conn, ok := response.Body.(io.ReadWriteCloser)
		if !ok {
			t.Fatalf("%s: got %d %v", mode, response.StatusCode, response.Header)
		}
		_, _ = io.WriteString(conn, "hello\n")
		echo, _ := io.ReadAll(conn)
		conn.Close()
		if response.StatusCode != 101 || string(echo) != "hello\n" {
			t.Errorf("%s: got %d %q", mode, response.StatusCode, echo)
		}
		// Servers do not wait for connections that were taken from them.
		for deadline := time.Now().Add(10 * time.Second); gw.checks("upgraded") != 1; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: the upgrade is not counted", mode)
			}
		}
	}
}

// TestAbortedResponses: a service that breaks off does not become a complete answer.
func TestAbortedResponses(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"report", "enforce"} {
		gw, server := answering(t, mode, nil, func(w http.ResponseWriter, _ *http.Request) {
			for key, values := range as("application/json", "Content-Length", "100") {
				w.Header()[key] = values
			}
			_, _ = io.WriteString(w, goodOrder)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		})
		response, err := http.Get(server.URL + "/orders/7")
		if err == nil {
			_, err = io.ReadAll(response.Body)
			response.Body.Close()
		}
		if err == nil {
			t.Errorf("%s: the client does not see that the response is incomplete", mode)
		}
		server.Close()
		if got := gw.checks("aborted"); got != 1 {
			t.Errorf("%s: %v aborted responses are counted", mode, got)
		}
	}
}

// TestEndlessBreach: the client has its refusal although the service goes on for ever.
func TestEndlessBreach(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	_, server := answering(t, "enforce", []string{"max_body 4KiB"}, func(w http.ResponseWriter, _ *http.Request) {
		defer close(ended)
		w.Header().Set("Content-Type", "text/html")
		for {
			if _, err := io.WriteString(w, strings.Repeat("the-secret", 1000)); err != nil {
				return
			}
		}
	})
	refused(t, fetch(t, "GET", server.URL+"/orders/7"))
	<-ended
}

// TestRefusalsAreNoResponses: what the gateway or a dead upstream says is not checked.
func TestRefusalsAreNoResponses(t *testing.T) {
	t.Parallel()
	gw, server := answering(t, "enforce", nil, reply{200, as("application/json"), goodOrder}.ServeHTTP)
	if got := fetch(t, "GET", server.URL+"/nothing"); got.StatusCode != 404 {
		t.Errorf("got %d", got.StatusCode)
	}
	dead, err := gatewaytest.LoadFile(t, "testdata/Caddyfile", ":8080 {\n\tapi answers {\n\t\tcontract api/answers.yaml\n\t\tvalidate {\n\t\t\tresponses enforce\n\t\t}\n\t\treverse_proxy 127.0.0.1:1\n\t}\n}\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := dead.Do("GET", "/orders/7"); got.Problem().Code != "upstream.refused" {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
	if n := gw.checks(""); n != 0 {
		t.Errorf("%v refusals are counted as responses", n)
	}
}

// TestEnforcedRequests: a client cannot opt out of the check.
func TestEnforcedRequests(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		"br": "identity", "br, gzip;q=0.5": "gzip;q=0.5", "zstd, identity": "zstd, identity", "*": "identity",
	} {
		seen := make(chan http.Header, 1)
		_, server := answering(t, "enforce", nil, func(w http.ResponseWriter, r *http.Request) {
			seen <- r.Header
			reply{200, as("application/json"), goodOrder}.ServeHTTP(w, r)
		})
		fetch(t, "GET", server.URL+"/orders/7", "Accept-Encoding", sent, "Range", "bytes=0-1", "If-Range", `"a"`)
		header := <-seen
		if got := header.Get("Accept-Encoding"); got != want || header.Get("Range") != "" || header.Get("If-Range") != "" {
			t.Errorf("%q: the service is asked for %q, range %q", sent, got, header.Get("Range"))
		}
		fetch(t, "POST", server.URL+"/orders/7", "Range", "bytes=0-1")
		if header = <-seen; header.Get("Range") == "" {
			t.Error("there is nothing to check in what this operation answers, and the range is gone")
		}
	}
}

// TestSample: as many responses are looked at as the share says.
func TestSample(t *testing.T) {
	t.Parallel()
	for share, bounds := range map[string][2]float64{"25%": {60, 140}, "100": {400, 400}, "0.0000001%": {0, 1}} {
		gw, _ := answering(t, "report", []string{"sample " + share}, reply{200, as("application/json"), goodOrder}.ServeHTTP)
		for range 400 {
			gw.Do("GET", "/orders/7")
		}
		if got := gw.checks("passed"); got < bounds[0] || got > bounds[1] {
			t.Errorf("%s: %v of 400 are checked", share, got)
		}
	}
}

// TestResponsesByHandlers: what Caddy's own directives say is checked as well.
func TestResponsesByHandlers(t *testing.T) {
	t.Parallel()
	gw, err := gatewaytest.LoadFile(t, "testdata/Caddyfile", `:8080 {
	api answers {
		contract api/answers.yaml
		validate {
			responses enforce
		}
		header X-Count 1
		@plain query plain=1
		respond @plain "short"
		@file query file=1
		handle @file {
			rewrite /answers.yaml
			root testdata/api
			file_server
		}
		@error query error=1
		error @error 418
		respond 200
	}
}
`)
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]struct {
		status int
		code   string
	}{
		"plain=1": {200, ""},
		"file=1":  {200, ""}, // application/yaml is declared by its range
		"error=1": {418, ""},
		"":        {502, "schema.response"}, // an empty body
	} {
		got := gw.Do("GET", "/orders/7?"+query)
		if got.Code != want.status || got.Problem().Code != want.code {
			t.Errorf("%q: got %d %s", query, got.Code, got.Body)
		}
	}
}

// TestResponsesOfOneOperation: a switch of its own, whatever holds for all.
func TestResponsesOfOneOperation(t *testing.T) {
	t.Parallel()
	for general, special := range map[string]string{"": "enforce", "\t\t\tresponses enforce\n": "off", "\t\t\tresponses report {\n\t\t\t\tsample 0.0000001%\n\t\t\t}\n": "enforce"} {
		gw, err := gatewaytest.LoadFile(t, "testdata/Caddyfile", ":8080 {\n\tapi answers {\n\t\tcontract api/answers.yaml\n\t\tvalidate {\n"+general+
			"\t\t\toperation getOrder {\n\t\t\t\tresponses "+special+"\n\t\t\t}\n\t\t}\n\t\trespond 500\n\t}\n}\n")
		if err != nil {
			t.Fatal(err)
		}
		want := 500
		if special == "enforce" && !strings.Contains(general, "sample") {
			want = 502
		}
		if got := gw.Do("GET", "/orders/7"); got.Code != want {
			t.Errorf("%q, and %s for one: got %d", general, special, got.Code)
		}
		if got := gw.Do("POST", "/orders/7"); got.Code != 500 {
			t.Errorf("%q: an operation that may answer anything: got %d", general, got.Code)
		}
	}
}

// TestConcurrentResponses: copies are pooled, and nobody gets another's.
func TestConcurrentResponses(t *testing.T) {
	t.Parallel()
	_, server := answering(t, "enforce", nil, func(w http.ResponseWriter, r *http.Request) {
		id := strings.Repeat(r.URL.Path[len("/orders/"):], 500)
		reply{200, as("application/json"), `{"id":"` + id + `","quantity":2}`}.ServeHTTP(w, r)
	})
	for worker := range 8 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			for i := range 50 {
				id := fmt.Sprintf("%d-%d", worker, i)
				if got := fetch(t, "GET", server.URL+"/orders/"+id); !strings.Contains(got.body, strings.Repeat(id, 500)) {
					t.Fatalf("%s: got %.80s", id, got.body)
				}
			}
		})
	}
}

// TestResponseMistakes keeps what people read who configure responses wrongly.
func TestResponseMistakes(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for _, options := range []string{
		"responses", "responses on", "responses report now", "responses report\n\t\t\tresponses off",
		"responses report {\n\t\t\t\tsamples 10\n\t\t\t}", "responses report {\n\t\t\t\tsample\n\t\t\t}",
		"responses report {\n\t\t\t\tsample 0\n\t\t\t}", "responses report {\n\t\t\t\tsample 101%\n\t\t\t}",
		"responses report {\n\t\t\t\tsample NaN\n\t\t\t}", "responses report {\n\t\t\t\tsample 1 2\n\t\t\t}",
		"responses report {\n\t\t\t\tsample 1\n\t\t\t\tsample 2\n\t\t\t}", "responses enforce {\n\t\t\t\tmax_body 9GiB\n\t\t\t}",
		"responses enforce {\n\t\t\t\tmax_body\n\t\t\t}",
	} {
		_, err := gatewaytest.LoadFile(t, "testdata/Caddyfile", ":8080 {\n\tapi answers {\n\t\tcontract api/answers.yaml\n\t\tvalidate {\n\t\t\t"+options+"\n\t\t}\n\t\trespond 200\n\t}\n}\n")
		if err == nil {
			t.Errorf("%q loads", options)
			continue
		}
		fmt.Fprintf(&text, "%s\n\n", err)
	}
	for name, site := range map[string]string{
		"alone": "validate order.json {\n\t\tresponses report\n\t}\n\trespond 200",
	} {
		_, err := gatewaytest.LoadFile(t, "testdata/Caddyfile", ":8080 {\n\t"+site+"\n}\n")
		if err == nil {
			t.Errorf("%s loads", name)
			continue
		}
		fmt.Fprintf(&text, "%s\n\n", err)
	}
	gatewaytest.Golden(t, "testdata/responses.golden", []byte(strings.ReplaceAll(text.String(), gatewaytest.Root()+"/modules/validate/", "")))
}
