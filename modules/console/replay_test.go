package console_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"gateway/internal/freeport"
	"gateway/internal/recording"
)

// seen is what a service got.
type seen struct {
	mu       sync.Mutex
	requests []string
	header   http.Header
}

func (s *seen) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, fmt.Sprintf("%s %s%s %s", r.Method, r.Host, r.RequestURI, body))
	s.header = r.Header.Clone()
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"ok":true}`)
}

func (s *seen) last() (string, int, http.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.requests) == 0 {
		return "", 0, nil
	}
	return s.requests[len(s.requests)-1], len(s.requests), s.header
}

// onWire is a gateway with a console and real listeners, and the service behind it.
func onWire(t *testing.T, more string) (address string, plain, secure *httptest.Server, service *seen) {
	t.Helper()
	service = new(seen)
	behind := httptest.NewServer(service)
	t.Cleanup(behind.Close)
	address = freeport.Address(t)
	gw := started(t, address, "\tratelimit 1000/1s\n"+more+"\treverse_proxy "+strings.TrimPrefix(behind.URL, "http://"))
	plain = httptest.NewServer(gw)
	t.Cleanup(plain.Close)
	secure = httptest.NewUnstartedServer(gw)
	secure.EnableHTTP2 = true
	secure.StartTLS()
	t.Cleanup(secure.Close)
	return address, plain, secure, service
}

// send sends a request as a client would, and returns its id.
func send(t *testing.T, client *http.Client, method, target, host, body string, header ...string) string {
	t.Helper()
	r, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.Header.Get("X-Request-Id")
}

// replay repeats a request, as the page does.
func replay(t *testing.T, address, id, edit string, header ...string) (status int, answer map[string]any) {
	t.Helper()
	var s struct{ Token string }
	get(t, address, "/api/state", &s)
	r, err := http.NewRequest(http.MethodPost, "http://"+address+"/api/requests/"+id+"/replay", strings.NewReader(edit))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Console-Token", s.Token)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		if r.Header.Set(header[i], header[i+1]); header[i+1] == "" {
			r.Header.Del(header[i])
		}
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	if err := json.Unmarshal(text, &answer); err != nil {
		answer = map[string]any{"text": string(text)} // the guard's
	}
	return res.StatusCode, answer
}

func TestReplay(t *testing.T) {
	t.Parallel()
	address, plain, secure, service := onWire(t, "")
	for name, c := range map[string]struct {
		server *httptest.Server
		host   string
	}{"plain": {plain, "shop.example"}, "TLS and HTTP/2": {secure, "example.com"}} {
		id := send(t, c.server.Client(), "POST", c.server.URL+"/a%20b/things?q=1&access_token=hidden", c.host, `{"n":1}`, "Content-Type", "application/json", "Authorization", "Bearer abcdefgh", "X-Kept", "yes")
		_, before, _ := service.last()
		status, answer := replay(t, address, id, "{}")
		if status != 200 || answer["status"] != 200.0 || answer["id"] == id || answer["id"] == "" {
			t.Fatalf("%s: got %d %v", name, status, answer)
		}
		got, times, header := service.last()
		if got != "POST "+c.host+`/a%20b/things?q=1 {"n":1}` || times != before+1 || header.Get("X-Kept") != "yes" || header.Get("Authorization") != "" || header.Get(recording.ReplayHeader) != "" {
			t.Errorf("%s: the service got %s, %v", name, got, header)
		}
		if left := fmt.Sprint(answer["left_out"]); left != "[request.query.access_token request.header.Authorization]" {
			t.Errorf("%s: left out %s", name, left)
		}
		var second recording.Entry
		get(t, address, "/api/requests/"+answer["id"].(string), &second)
		if second.ReplayOf != id || second.Scheme != map[bool]string{true: "https", false: "http"}[c.server == secure] {
			t.Errorf("%s: the record of the second: %+v", name, second.Row)
		}
	}
}

func TestEditAndReplay(t *testing.T) {
	t.Parallel()
	address, plain, _, service := onWire(t, "")
	id := send(t, plain.Client(), "POST", plain.URL+"/things", "shop.example", `{"password":"hidden","n":1}`, "Content-Type", "application/json")
	_, before, _ := service.last()
	if status, answer := replay(t, address, id, "{}"); status != 409 {
		t.Errorf("masked values are sent: %d %v", status, answer)
	}
	status, answer := replay(t, address, id, `{"method":"PUT","target":"/other?x=%20","header":[["X-Mine","1"],["X-Forwarded-For","6.6.6.6"],["host","evil.example"]],"body":"{}"}`)
	if got, _, header := service.last(); status != 200 || got != "PUT shop.example/other?x=%20 {}" || header.Get("X-Mine") != "1" || strings.Contains(header.Get("X-Forwarded-For"), "6.6.6.6") {
		t.Errorf("got %d %v; the service got %s, %v", status, answer, got, header)
	}
	for name, edit := range map[string]string{
		"a space":           `{"target":"/a b"}`,
		"another line":      `{"target":"/a\r\nX: y"}`,
		"another host":      `{"target":"//evil.example/"}`,
		"absolute":          `{"target":"http://evil.example/"}`,
		"no method":         `{"method":"GET /\r\n"}`,
		"a broken field":    `{"header":[["X:","1"]]}`,
		"a broken value":    `{"header":[["X","1\r\nY: 2"]]}`,
		"a smuggled length": `{"header":[["Upgrade","websocket"]]}`,
		"an unknown member": `{"url":"/"}`,
		"no JSON":           `x`,
	} {
		if status, answer := replay(t, address, id, edit); status != 400 && status != 409 {
			t.Errorf("%s: got %d %v", name, status, answer)
		}
	}
	if _, times, _ := service.last(); times != before+1 {
		t.Errorf("the service got %d requests", times)
	}
}

// TestWhoMayReplay: only who was told the token, with a body that no form sends, from
// the page itself.
func TestWhoMayReplay(t *testing.T) {
	t.Parallel()
	address, plain, _, service := onWire(t, "")
	id := send(t, plain.Client(), "GET", plain.URL+"/things", "", "")
	for name, c := range map[string]struct {
		id     string
		header []string
		want   int
	}{
		"no token":                {id, []string{"X-Console-Token", ""}, 403},
		"a wrong token":           {id, []string{"X-Console-Token", "guess"}, 403},
		"a form":                  {id, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		"text":                    {id, []string{"Content-Type", "text/plain"}, 415},
		"another site's page":     {id, []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, 403},
		"an old browser, foreign": {id, []string{"Origin", "https://evil.example"}, 403},
		"a file":                  {id, []string{"Origin", "null"}, 403},
		"nothing of that id":      {"01890000-0000-7000-8000-000000000000", nil, 404},
		"the page":                {id, []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://" + address}, 200},
	} {
		if got, answer := replay(t, address, c.id, "{}", c.header...); got != c.want {
			t.Errorf("%s: got %d %v, want %d", name, got, answer, c.want)
		}
	}
	if _, times, _ := service.last(); times != 2 {
		t.Errorf("the service got %d requests, want the first and the page's", times)
	}
}

// TestATicketFromOutside: a client that guesses the field is an ordinary client.
func TestATicketFromOutside(t *testing.T) {
	t.Parallel()
	address, plain, _, _ := onWire(t, "")
	id := send(t, plain.Client(), "GET", plain.URL+"/things", "", "", recording.ReplayHeader, "x")
	var entry recording.Entry
	if get(t, address, "/api/requests/"+id, &entry); entry.ReplayOf != "" {
		t.Errorf("it is taken for a replay of %q", entry.ReplayOf)
	}
}

// TestWithoutAConnection: requests of tests came by no listener.
func TestWithoutAConnection(t *testing.T) {
	t.Parallel()
	address := freeport.Address(t)
	gw := started(t, address, "\tratelimit 1000/1s\n\trespond ok")
	id := gw.Do("GET", "/").Header().Get("X-Request-Id")
	if status, answer := replay(t, address, id, "{}"); status != 409 {
		t.Errorf("got %d %v", status, answer)
	}
}

// TestHAR: the archive has every member that the format asks for, and shows no secret.
func TestHAR(t *testing.T) {
	t.Parallel()
	address, plain, _, _ := onWire(t, "\theader Set-Cookie \"sid=hidden; HttpOnly\"\n")
	send(t, plain.Client(), "POST", plain.URL+"/things?a=%3Cb%3E&token=hidden", "shop.example", `{"password":"hidden"}`, "Content-Type", "application/json", "Cookie", "a=hidden; b=hidden")
	send(t, plain.Client(), "GET", plain.URL+"/other", "shop.example", "")
	var archive map[string]any
	res := get(t, address, "/api/har?filter=path:/things", &archive)
	if kind := res.Header.Get("Content-Disposition"); !strings.Contains(kind, "gateway.har") {
		t.Errorf("it is no download: %s", kind)
	}
	text, _ := json.Marshal(archive)
	if bytes.Contains(text, []byte("hidden")) {
		t.Errorf("a secret is in it: %s", text)
	}
	log := archive["log"].(map[string]any)
	entries := log["entries"].([]any)
	if log["version"] != "1.2" || len(entries) != 1 {
		t.Fatalf("got %s", text)
	}
	// The members that the specification does not call optional, with their kinds.
	const object, list, text2, number = "object", "list", "text", "number"
	wants := map[string]string{
		"startedDateTime": text2, "time": number, "cache": object, "timings": object, "timings.send": number, "timings.wait": number, "timings.receive": number,
		"request": object, "request.method": text2, "request.url": text2, "request.httpVersion": text2, "request.cookies": list, "request.headers": list,
		"request.queryString": list, "request.headersSize": number, "request.bodySize": number,
		"request.postData.mimeType": text2, "request.postData.params": list, "request.postData.text": text2,
		"response": object, "response.status": number, "response.statusText": text2, "response.httpVersion": text2, "response.cookies": list, "response.headers": list,
		"response.content.size": number, "response.content.mimeType": text2, "response.redirectURL": text2, "response.headersSize": number, "response.bodySize": number,
	}
	for path, want := range wants {
		if got := kindAt(entries[0], path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	entry := entries[0].(map[string]any)
	if url := entry["request"].(map[string]any)["url"]; url != "http://shop.example/things?a=%3Cb%3E&token=••••" {
		t.Errorf("the URL is %v", url)
	}
}

// kindAt tells what stands at a path of a document.
func kindAt(value any, path string) string {
	for name := range strings.SplitSeq(path, ".") {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	switch value.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "list"
	case string:
		return "text"
	case float64:
		return "number"
	}
	return fmt.Sprintf("%T", value)
}
