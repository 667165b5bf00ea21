package change_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"gateway/internal/gatewaytest"
)

const example = "../../examples/06-changes/api/orders"

// service answers as a test wants, and remembers what it was asked.
type service struct {
	*httptest.Server
	mu     sync.Mutex
	last   *http.Request
	body   string
	answer func(w http.ResponseWriter, r *http.Request)
}

func newService(t testing.TB) *service {
	t.Helper()
	s := new(service)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.last, s.body = r, string(body)
		answer := s.answer
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	s.says(200, "application/json", order)
	return s
}

// order is one as the service has it.
const order = `{"id":"ord_000001","status":"cancelled","customer":{"email":"a@b.example"},"items":[{"sku":"TEA","quantity":2}],"currency":"EUR"}`

// orderV1 is the same for clients of version 1.
const orderV1 = `{"id":"ord_000001","status":"canceled","customer":{"email":"a@b.example"},"items":[{"sku":"TEA","qty":2}],"currency":"EUR"}`

func (s *service) does(answer func(w http.ResponseWriter, r *http.Request)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

func (s *service) says(status int, mediaType, body string, header ...string) {
	s.does(func(w http.ResponseWriter, _ *http.Request) {
		if mediaType != "" {
			w.Header().Set("Content-Type", mediaType)
		}
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Add(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

// seen returns what the service was asked last.
func (s *service) seen() (*http.Request, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last, s.body
}

func gateway(t testing.TB, s *service, lines string) *gatewaytest.Gateway {
	t.Helper()
	return gatewaytest.New(t, ":8080 {\n\tapi orders {\n\t\tcontract "+example+"\n"+lines+"\t\treverse_proxy "+s.Listener.Addr().String()+"\n\t}\n}\n")
}

const newOrder = `{"customer":{"email":"a@b.example"},"items":[{"sku":"TEA","qty":2}],"currency":"EUR"}`

// TestRequestForward: what the service sees of a request of an older version.
func TestRequestForward(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ lines, prefix string }{
		"by path":        {"", "/v2"},
		"prefix removed": {"\t\tversioning {\n\t\t\tpath\n\t\t\tstrip_prefix on\n\t\t}\n", ""},
		"by header":      {"\t\tversioning {\n\t\t\theader\n\t\t\tdefault v1\n\t\t}\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			gw := gateway(t, s, test.lines)
			v1 := "/v1"
			if name == "by header" {
				v1 = ""
			}
			s.says(201, "application/json", order)
			res := gw.Do("POST", v1+"/purchases", "Content-Type", "application/json", "Content-MD5", "x", "", newOrder)
			r, body := s.seen()
			want := strings.Replace(newOrder, "qty", "quantity", 1)
			if res.Code != 201 || body != want || r.URL.Path != test.prefix+"/orders" || r.ContentLength != int64(len(want)) {
				t.Errorf("got %d; the service sees %s %s with %d bytes", res.Code, r.URL, body, r.ContentLength)
			}
			if r.Header.Get("API-Version") != "v2" || r.Header.Get("Content-MD5") != "" || res.Header().Get("API-Version") != "v1" {
				t.Errorf("the service is told %v, the client %v", r.Header, res.Header())
			}
			if got := res.Body.String(); got != orderV1 || res.Header().Get("Content-Length") != fmt.Sprint(len(orderV1)) {
				t.Errorf("got %s with %v", got, res.Header())
			}
			s.says(200, "application/json", `{"orders":[`+order+`],"next_cursor":"x"}`)
			res = gw.Do("GET", v1+"/purchases?page=a%20b&page_size=3&status=canceled")
			r, _ = s.seen()
			q := r.URL.Query()
			if r.URL.Path != test.prefix+"/orders" || q.Get("cursor") != "a b" || q.Get("limit") != "3" || q.Get("status") != "cancelled" || len(q) != 3 {
				t.Errorf("the service sees %s", r.URL)
			}
			if got, want := res.Body.String(), `{"data":[`+orderV1+`],"next_page":"x"}`; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			// Nothing about this operation changes but where it is.
			s.says(200, "text/plain", "fine")
			res = gw.Do("GET", v1+"/health", "Accept-Encoding", "br", "Range", "bytes=0-1")
			r, _ = s.seen()
			if res.Body.String() != "fine" || r.URL.Path != test.prefix+"/health" || r.Header.Get("API-Version") != "v2" || r.Header.Get("Range") == "" || r.Header.Get("Accept-Encoding") != "br" {
				t.Errorf("got %s; the service sees %s %v", res.Body, r.URL, r.Header)
			}
		})
	}
}

// TestResponseBack: what becomes of the answers of a service.
func TestResponseBack(t *testing.T) {
	t.Parallel()
	s := newService(t)
	gw := gateway(t, s, "\t\tchange {\n\t\t\tmax_body 4KB\n\t\t}\n")
	zipped := new(bytes.Buffer)
	z := gzip.NewWriter(zipped)
	_, _ = io.WriteString(z, order)
	_ = z.Close()
	const json = "application/json"
	long := strings.Replace(order, "TEA", strings.Repeat("T", 5000), 1)
	bomb := new(bytes.Buffer)
	z = gzip.NewWriter(bomb)
	_, _ = io.WriteString(z, strings.Repeat(" ", 1<<20)+order)
	_ = z.Close()
	for _, tt := range []struct {
		name   string
		says   func()
		status int
		body   string // or the code of the refusal
	}{
		{"plain", func() { s.says(200, json, order) }, 200, orderV1},
		{"with a charset", func() { s.says(200, json+"; charset=utf-8", order) }, 200, orderV1},
		{"gzip although nobody asked", func() { s.says(200, json, zipped.String(), "Content-Encoding", "gzip") }, 200, orderV1},
		{"unknown coding", func() { s.says(200, json, "x", "Content-Encoding", "br") }, 502, "change.failed"},
		{"not what its coding says", func() { s.says(200, json, order, "Content-Encoding", "gzip") }, 502, "change.failed"},
		{"gzip that becomes too long", func() { s.says(200, json, bomb.String(), "Content-Encoding", "gzip") }, 502, "change.failed"},
		{"not JSON", func() { s.says(200, json, "<html>") }, 502, "change.failed"},
		{"longer than the bound", func() { s.says(200, json, long) }, 502, "change.failed"},
		{"longer, of unknown length", func() {
			s.does(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", json)
				w.WriteHeader(200)
				for range 100 {
					_, _ = io.WriteString(w, long)
					_ = http.NewResponseController(w).Flush()
				}
			})
		}, 502, "change.failed"},
		{"a part", func() { s.says(206, json, order[:10], "Content-Range", "bytes 0-9/100") }, 206, order[:10]},
		{"another media type", func() { s.says(200, "text/html", "<html>") }, 200, "<html>"},
		{"undeclared status", func() { s.says(418, json, `{"quantity":1}`) }, 418, `{"quantity":1}`},
		{"no content", func() { s.says(404, "", "") }, 404, ""},
	} {
		tt.says()
		res := gw.Do("GET", "/v1/purchases/ord_000001")
		got := res.Body.String()
		if res.Code == 502 {
			got = res.Problem().Code
			if res.Header().Get("Content-Encoding") != "" || strings.Contains(res.Body.String(), "quantity") {
				t.Errorf("%s: the refusal has something of the response: %v %s", tt.name, res.Header(), res.Body)
			}
		}
		if res.Code != tt.status || got != tt.body {
			t.Errorf("%s: got %d %s, want %d %s", tt.name, res.Code, got, tt.status, tt.body)
		}
		if res.Code == 200 && got == orderV1 && (res.Header().Get("Content-Length") != fmt.Sprint(len(orderV1)) || res.Header().Get("Content-Encoding") != "") {
			t.Errorf("%s: the header is %v", tt.name, res.Header())
		}
	}
	if r, _ := s.seen(); r.Header.Get("Accept-Encoding") != "identity" {
		t.Errorf("the service is asked for %q", r.Header.Get("Accept-Encoding"))
	}
	if got := gw.Metric("gateway_change_messages_total", "api", "orders", "version", "v1", "direction", "response", "outcome", "failed"); got < 6 { // other tests count there, too
		t.Errorf("%g failures are counted, want 6 at least", got)
	}
}

// TestValidators: an entity tag belongs to one form of a document, HEAD and 304 have no
// content, and conditions reach the service as it knows them.
func TestValidators(t *testing.T) {
	t.Parallel()
	s := newService(t)
	gw := gateway(t, s, "")
	const target = "/v1/purchases/ord_000001"
	s.does(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("ETag", `"abc"`)
		w.Header().Set("Content-Digest", "sha-256=:x:")
		w.Header().Set("Accept-Ranges", "bytes")
		if r.Header.Get("If-None-Match") == `"abc"` {
			w.WriteHeader(304)
			return
		}
		_, _ = io.WriteString(w, order)
	})
	first := gw.Do("GET", target, "Range", "bytes=0-9")
	tag := first.Header().Get("ETag")
	if first.Code != 200 || !strings.HasPrefix(tag, `"abc~v1.`) || first.Header().Get("Content-Digest") != "" || first.Header().Get("Accept-Ranges") != "" {
		t.Fatalf("got %d %v", first.Code, first.Header())
	}
	if second := gw.Do("GET", "/v2/orders/ord_000001"); second.Header().Get("ETag") != `"abc"` || second.Header().Get("Content-Digest") == "" {
		t.Errorf("v2 gets %v", second.Header())
	}
	same := gw.Do("GET", target, "If-None-Match", `"x", W/`+tag)
	if r, _ := s.seen(); r.Header.Get("If-None-Match") != `"x", W/"abc"` {
		t.Errorf("the service is asked for %q", r.Header.Get("If-None-Match"))
	}
	same = gw.Do("GET", target, "If-None-Match", tag)
	if same.Code != 304 || same.Body.Len() > 0 || same.Header().Get("ETag") != tag {
		t.Errorf("got %d %v %s", same.Code, same.Header(), same.Body)
	}
	if other := gw.Do("GET", target, "If-None-Match", `"abc~v1.00000000"`); other.Code != 200 {
		t.Errorf("a copy that other changes have made: got %d", other.Code)
	}
	gw.Do("GET", target, "If-Match", `"abc~v1.00000000"`)
	if r, _ := s.seen(); r.Header.Get("If-Match") != `"abc"` {
		t.Errorf("the service is asked for %q", r.Header.Get("If-Match"))
	}
}

// TestRequestsThatCannotBeCarried are refused before the service sees anything, or pass as
// they are where the step only reports.
func TestRequestsThatCannotBeCarried(t *testing.T) {
	t.Parallel()
	long := strings.Replace(newOrder, "TEA", strings.Repeat("T", 5000), 1)
	for mode, want := range map[string]string{"enforce": "413 change.failed", "report": "200 ", "off": "200 "} {
		s := newService(t)
		gw := gateway(t, s, "\t\tchange {\n\t\t\tmax_body 4KB\n\t\t\tmode "+mode+"\n\t\t}\n")
		res := gw.Do("POST", "/v1/purchases", "Content-Type", "application/json", "", long)
		if got := fmt.Sprintf("%d %s", res.Code, res.Problem().Code); got != want {
			t.Errorf("%s: got %s, want %s", mode, got, want)
		}
		r, body := s.seen()
		if mode == "enforce" {
			if r != nil {
				t.Errorf("the service has seen %s", r.URL)
			}
			continue
		}
		if body != long || r.URL.Path != "/v1/purchases" || r.Header.Get("API-Version") != "v1" {
			t.Errorf("%s: the service sees %s with %d bytes of %d for %s", mode, r.URL, len(body), len(long), r.Header.Get("API-Version"))
		}
		if got := res.Body.String(); got != order {
			t.Errorf("%s: the client sees %s", mode, got)
		}
	}
}

// TestReportedResponses pass as they came.
func TestReportedResponses(t *testing.T) {
	t.Parallel()
	s := newService(t)
	gw := gateway(t, s, "\t\tchange {\n\t\t\tmax_body 4KB\n\t\t\tmode report\n\t\t}\n")
	long := strings.Replace(order, "TEA", strings.Repeat("T", 9000), 1)
	for _, body := range []string{"<html>", long} {
		s.says(200, "application/json", body)
		if res := gw.Do("GET", "/v1/purchases/ord_000001"); res.Code != 200 || res.Body.String() != body {
			t.Errorf("got %d and %d bytes, want %d", res.Code, res.Body.Len(), len(body))
		}
	}
}

// TestOldContractJudges: a response is judged by the client's own contract, after it was
// carried back.
func TestOldContractJudges(t *testing.T) {
	t.Parallel()
	s := newService(t)
	gw := gateway(t, s, "\t\tvalidate {\n\t\t\tresponses enforce\n\t\t}\n")
	if res := gw.Do("GET", "/v1/purchases/ord_000001"); res.Code != 200 || res.Body.String() != orderV1 {
		t.Errorf("got %d %s", res.Code, res.Body)
	}
	s.says(200, "application/json", strings.Replace(order, `"id"`, `"status":"open","id"`, 1))
	if res := gw.Do("GET", "/v1/purchases/ord_000001"); res.Code != 502 || res.Problem().Code != "change.failed" {
		t.Errorf("a member that is there twice: got %d %s", res.Code, res.Body)
	}
	s.says(200, "application/json", strings.Replace(order, `"quantity":2`, `"quantity":0`, 1))
	if res := gw.Do("GET", "/v1/purchases/ord_000001"); res.Code != 502 || res.Problem().Code != "schema.response" {
		t.Errorf("got %d %s", res.Code, res.Body)
	}
}

// TestProblemsOfTheService name what is wrong in the client's own words.
func TestProblemsOfTheService(t *testing.T) {
	t.Parallel()
	s := newService(t)
	gw := gateway(t, s, "")
	s.says(422, "application/problem+json", `{"title":"No.","errors":[{"pointer":"/items/0/quantity","message":"is sold out"}]}`)
	res := gw.Do("POST", "/v1/purchases", "Content-Type", "application/json", "", newOrder)
	if got := res.Body.String(); res.Code != 422 || !strings.Contains(got, `"/items/0/qty"`) {
		t.Errorf("got %d %s", res.Code, got)
	}
}

// TestStreamsPass: what no change touches is not held, whatever it is.
func TestStreamsPass(t *testing.T) {
	t.Parallel()
	s := newService(t)
	gw := gateway(t, s, "")
	s.does(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Trailer", "X-Late")
		_, _ = io.WriteString(w, "data: 1\n\n")
		w.Header().Set("X-Late", "yes")
	})
	res := gw.Do("GET", "/v1/purchases/ord_000001")
	if res.Body.String() != "data: 1\n\n" || res.Code != 200 {
		t.Errorf("got %d %q", res.Code, res.Body)
	}
}

// TestRefusedConfigs compares the message of every mistake in testdata/refused.
func TestRefusedConfigs(t *testing.T) {
	gatewaytest.Refused(t, "testdata/refused/*.caddyfile")
}

// TestMockSpeaksEveryVersion: where a mock answers, nothing is carried.
func TestMockSpeaksEveryVersion(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, ":8080 {\n\tapi orders {\n\t\tcontract "+example+"\n\t\tmock\n\t}\n}\n")
	if res := gw.Do("GET", "/v1/purchases/ord_000001"); res.Code != 200 || !strings.Contains(res.Body.String(), `"qty"`) {
		t.Errorf("got %d %s", res.Code, res.Body)
	}
}

// TestEncodedRequests: a body that comes in a content coding is carried without one, and one
// that becomes too long by decoding is refused.
func TestEncodedRequests(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.says(201, "application/json", order)
	gw := gateway(t, s, "\t\tchange {\n\t\t\tmax_body 4KB\n\t\t}\n")
	zip := func(text string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = io.WriteString(z, text)
		_ = z.Close()
		return b.String()
	}
	res := gw.Do("POST", "/v1/purchases", "Content-Type", "application/json", "Content-Encoding", "gzip", "", zip(newOrder))
	r, body := s.seen()
	if want := strings.Replace(newOrder, "qty", "quantity", 1); res.Code != 201 || body != want || r.Header.Get("Content-Encoding") != "" {
		t.Errorf("got %d; the service sees %q in %q", res.Code, body, r.Header.Get("Content-Encoding"))
	}
	long := strings.Replace(newOrder, "TEA", strings.Repeat("T", 5000), 1)
	if res := gw.Do("POST", "/v1/purchases", "Content-Type", "application/json", "Content-Encoding", "gzip", "", zip(long)); res.Code != 413 || res.Problem().Code != "change.failed" {
		t.Errorf("got %d %s", res.Code, res.Body)
	}
}
