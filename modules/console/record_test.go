package console_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"gateway/internal/freeport"
	"gateway/internal/gatewaytest"
	"gateway/internal/recording"
)

// TestSecretsAreNowhere: whatever a client or a service sends as a secret is in no answer
// of the console, wherever it stood.
func TestSecretsAreNowhere(t *testing.T) {
	t.Parallel()
	issuer := gatewaytest.NewIssuer(t)
	token := issuer.Token(t, map[string]any{"sub": "alice", "aud": "things"})
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Set-Cookie", "sid=s3cret; HttpOnly")
		w.Header().Set("Location", "/x?api_key=s3cret")
		fmt.Fprintf(w, `{"access_token":"s3cret","next":%q,"list":[{"client_secret":"s3cret"}]}`, token)
	}))
	defer service.Close()
	address := freeport.Address(t)
	gw := started(t, address, "\tauth "+issuer.URL+" {\n\t\taudience things\n\t\ttoken_from query t0k\n\t\ttoken_from header Authorization\n\t}\n\treverse_proxy "+strings.TrimPrefix(service.URL, "http://"))
	for _, c := range []struct {
		method, target string
		header         []string
	}{
		{"POST", "/a", []string{"Authorization", "Bearer " + token, "Content-Type", "application/json", "", `{"user":"alice","password":"s3cret","n":[{"apiKey":"s3cret"}]}`}},
		{"POST", "/b?t0k=" + token, []string{"Content-Type", "application/x-www-form-urlencoded", "", "a=1&passwor%64=s3cret"}},
		{"GET", "/c?access_token=s3cret&x=" + token, []string{"Cookie", "sid=s3cret", "X-Api-Key", "s3cret", "Referer", "https://x/?token=s3cret"}},
		{"GET", "/" + token, []string{"Authorization", "Bearer " + token + "broken"}},
		{"POST", "/d", []string{"Authorization", "Basic czNjcmV0OnMzY3JldA==", "Content-Type", "multipart/form-data; boundary=b", "", "--b\r\nContent-Disposition: form-data; name=\"secret\"\r\n\r\ns3cret\r\n--b--\r\n"}},
		{"POST", "/e", []string{"Authorization", "Bearer " + token, "Content-Type", "text/xml", "", "<password>s3cret</password>"}},
	} {
		gw.Do(c.method, c.target, c.header...)
	}
	listed := ask(t, address).Requests
	if len(listed) != 6 {
		t.Fatalf("%d requests are listed", len(listed))
	}
	signature := token[strings.LastIndexByte(token, '.')+1:]
	paths := []string{"/api/requests", "/api/har"}
	for _, row := range listed {
		paths = append(paths, "/api/requests/"+row.ID)
	}
	for _, path := range paths {
		var all any
		get(t, address, path, &all)
		text, _ := json.Marshal(all)
		for _, secret := range []string{"s3cret", signature, "czNjcmV0"} {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s shows %s: %s", path, secret, text)
			}
		}
	}
	var first recording.Entry
	get(t, address, "/api/requests/"+listed[5].ID, &first)
	if first.Consumer != "alice" || first.Outcome != recording.Answered || !strings.Contains(fmt.Sprint(first.Request.Header), "Bearer •••• (kid test-1, alg ES256)") {
		t.Errorf("the first: %+v", first)
	}
	if masked := strings.Join(first.Masked, " "); !strings.Contains(masked, "request.body.apiKey request.body.password request.header.Authorization response.body.access_token") {
		t.Errorf("masked are %s", masked)
	}
}

// TestEachStepSaysWhatItChanged, where its rule stands, and what the service got.
func TestEachStepSaysWhatItChanged(t *testing.T) {
	t.Parallel()
	issuer := gatewaytest.NewIssuer(t)
	address := freeport.Address(t)
	gw := started(t, address, "\tauth "+issuer.URL+" {\n\t\taudience things\n\t\theader X-User sub\n\t}\n\tratelimit 100/1m\n\trequest_header X-Late yes\n\theader X-Answer {http.request.header.X-Text}\n\trespond ok")
	gw.Do("GET", "/things", "Authorization", "Bearer "+issuer.Token(t, map[string]any{"sub": "alice", "aud": "things"}), "X-User", "mallory", "X-Forwarded-Host", "evil", "X-Http-Method", "DELETE", "X-Text", "{env.HOME}")
	var entry recording.Entry
	get(t, address, "/api/requests/"+ask(t, address).Requests[0].ID, &entry)
	var got []string
	for _, step := range entry.Steps {
		line := 0
		if step.Source != nil {
			line = step.Source.Line
		}
		for _, c := range step.Changes {
			got = append(got, fmt.Sprintf("%s:%d %s %s: %s → %s", step.Policy, line, c.Where, c.Name, c.Before, c.After))
		}
	}
	text := strings.Join(got, "\n")
	for _, want := range []string{
		"auth:7 request.header X-User:  → alice",
		"auth:7 request.header X-Http-Method: DELETE → ",
		"directives:0 request.header X-Late:  → yes",
		"ratelimit:11 response.header Ratelimit:  → ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	forwarded := fmt.Sprint(entry.Forwarded.Header)
	if !strings.Contains(forwarded, "[X-User alice]") || !strings.Contains(forwarded, "[X-Late yes]") || !strings.Contains(fmt.Sprint(entry.Request.Header), "[X-Text {env.HOME}]") {
		t.Errorf("the service got %s of %v", forwarded, entry.Request.Header)
	}
}

// behind opens an event stream under /events, a WebSocket under /socket, and breaks off
// under all others.
func behind(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/events":
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: 1\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	case "/socket":
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		_ = rw.Flush()
		_, _ = io.Copy(conn, rw)
	default:
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// eventually waits for what another goroutine is about to do.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not come true", what)
		}
	}
}

// TestStreamsAndAbortedResponses: streams are shown while they live.
func TestStreamsAndAbortedResponses(t *testing.T) {
	t.Parallel()
	service := httptest.NewServer(http.HandlerFunc(behind))
	defer service.Close()
	address := freeport.Address(t)
	front := httptest.NewServer(started(t, address, "\tratelimit 1000/1s\n\treverse_proxy "+strings.TrimPrefix(service.URL, "http://")))
	defer front.Close()
	last := func() recording.Row {
		if rows := ask(t, address).Requests; len(rows) > 0 {
			return rows[0]
		}
		return recording.Row{}
	}
	for kind, path := range map[string]string{"sse": "/events", "websocket": "/socket"} {
		conn, err := net.Dial("tcp", front.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n", path)
		if kind == "websocket" {
			fmt.Fprint(conn, "Connection: Upgrade\r\nUpgrade: websocket\r\n")
		}
		fmt.Fprint(conn, "\r\n")
		if _, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil {
			t.Fatal(err)
		}
		eventually(t, "an open "+kind, func() bool {
			row := last()
			return row.Path == path && row.Outcome == recording.Open && row.Stream == kind
		})
		open := last()
		_ = conn.Close()
		eventually(t, "its end", func() bool { return last().Outcome != recording.Open })
		if row := last(); row.ID != open.ID || row.Seq <= open.Seq || row.Life <= 0 || row.Stream != kind {
			t.Errorf("%s: at its end %+v", kind, row)
		}
	}
	res, err := http.Get(front.URL + "/broken")
	if err == nil {
		_, err = io.ReadAll(res.Body)
		res.Body.Close()
	}
	if err == nil {
		t.Error("the response is whole")
	}
	eventually(t, "the aborted one", func() bool { row := last(); return row.Path == "/broken" && row.Outcome == recording.Aborted })
	if row := last(); row.Reason != "upstream.reset" {
		t.Errorf("got %+v", row)
	}
}

// event is one server-sent event.
type event struct{ name, id, data string }

// listen reads events until the test ends.
func listen(t *testing.T, address, query, last string) (next func() event, status int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/api/events?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	lines, first := bufio.NewScanner(res.Body), true // the state that comes at once
	return func() (e event) {
		t.Helper()
		for lines.Scan() {
			switch name, value, _ := strings.Cut(lines.Text(), ": "); name {
			case "event":
				e.name = value
			case "id":
				e.id = value
			case "data":
				e.data = value
			case "":
				if e.name != "" && (e.name != "state" || first) {
					first = false
					return e
				}
			}
		}
		t.Fatalf("the stream has ended: %v", lines.Err())
		return e
	}, res.StatusCode
}

func TestEvents(t *testing.T) {
	t.Parallel()
	address := freeport.Address(t)
	gw := started(t, address, "\tratelimit 1000/1s\n\trespond ok")
	gw.Do("GET", "/before")
	next, _ := listen(t, address, "filter=-path:/not*", "")
	if e := next(); e.name != "state" {
		t.Errorf("at first %+v", e)
	}
	gw.Do("GET", "/not-wanted")
	gw.Do("GET", "/wanted%FF%0D%0A")
	e := next()
	var row recording.Row
	if err := json.Unmarshal([]byte(e.data), &row); err != nil || e.name != "request" || e.id != fmt.Sprint(row.Seq) || !strings.HasPrefix(row.Path, "/wanted") {
		t.Errorf("got %+v, %v", e, err)
	}
	again, _ := listen(t, address, "", "1")
	_ = again()
	for _, want := range []string{"/not-wanted", "/wanted"} {
		if e := again(); !strings.Contains(e.data, want) {
			t.Errorf("what was missed: %+v, want %s", e, want)
		}
	}
	for range recording.Capacity + 10 {
		gw.Do("GET", "/flood")
	}
	late, _ := listen(t, address, "filter=path:/nothing", "2")
	if first, second := late(), late(); first.name != "state" || second.name != "gap" {
		t.Errorf("got %+v, %+v", first, second)
	}
	if _, status := listen(t, address, "filter=stauts:4", ""); status != 400 {
		t.Errorf("a filter with a mistake: %d", status)
	}
	var mistake map[string]any
	if res := get(t, address, "/api/requests?filter=x+stauts:4", &mistake); res.StatusCode != 400 || mistake["position"] != 2.0 || mistake["length"] != 6.0 || mistake["hint"] != "did you mean status?" {
		t.Errorf("got %v", mistake)
	}
}

// TestListsArePaged by number, without one twice.
func TestListsArePaged(t *testing.T) {
	t.Parallel()
	address := freeport.Address(t)
	gw := started(t, address, "\tratelimit 1000/1s\n\trespond ok")
	for i := range 25 {
		gw.Do("GET", fmt.Sprintf("/%d", i))
	}
	var seen []string
	before := ""
	for range 3 {
		var page struct {
			Requests []recording.Row
			More     bool
		}
		get(t, address, "/api/requests?limit=10&filter=path:/*"+before, &page)
		for _, row := range page.Requests {
			seen = append(seen, row.Path)
			before = fmt.Sprintf("&before=%d", row.Seq)
		}
		if page.More != (len(seen) < 25) {
			t.Errorf("after %d: more is %t", len(seen), page.More)
		}
	}
	if len(seen) != 25 || seen[0] != "/24" || seen[24] != "/0" {
		t.Errorf("got %v", seen)
	}
	for _, query := range []string{"limit=0", "limit=501", "limit=x", "before=-1"} {
		var answer map[string]any
		if res := get(t, address, "/api/requests?"+query, &answer); res.StatusCode != 400 {
			t.Errorf("%s: %d", query, res.StatusCode)
		}
	}
}

// TestTrafficReadersAndReloads at once: nothing breaks, and every request is counted.
func TestTrafficReadersAndReloads(t *testing.T) {
	t.Parallel()
	address := freeport.Address(t)
	site := func(i int) string {
		return fmt.Sprintf("\tapi things {\n\t\tcontract testdata/things.yaml\n\t\trespond ok\n\t}\n\theader X-Generation %d", i)
	}
	gws := []*gatewaytest.Gateway{started(t, address, site(0))}
	var mu sync.Mutex
	var traffic sync.WaitGroup
	done := make(chan struct{})
	sent := make([]int, 4)
	for w := range sent {
		traffic.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				mu.Lock()
				gw := gws[len(gws)-1]
				mu.Unlock()
				gw.Do("GET", "/things?limit=1", "Authorization", "Bearer x")
				sent[w]++
				time.Sleep(time.Millisecond)
			}
		})
	}
	for i := range 5 {
		for range 5 {
			var all any
			get(t, address, "/api/har?filter=status:200", &all)
		}
		next := started(t, address, site(i+1))
		mu.Lock()
		before := gws[len(gws)-1]
		gws = append(gws, next)
		mu.Unlock()
		before.Close() // as a reload does, while requests are inside
	}
	close(done)
	traffic.Wait()
	total := 0
	for _, n := range sent {
		total += n
	}
	if s := ask(t, address); s.Seen != total {
		t.Errorf("%d were sent, %d were seen", total, s.Seen)
	}
}

// TestBehindItsOwnAuth: from other machines the console is reached through a site of
// this gateway, with a token and nothing else.
func TestBehindItsOwnAuth(t *testing.T) {
	t.Parallel()
	issuer := gatewaytest.NewIssuer(t)
	address := freeport.Address(t)
	gw := started(t, address, "\tauth "+issuer.URL+" {\n\t\taudience console\n\t\tscopes console\n\t}\n\treverse_proxy "+address+" {\n\t\theader_up Host localhost\n\t}")
	front := httptest.NewServer(gw)
	defer front.Close()
	do := func(path, token string) (*http.Response, error) {
		r, err := http.NewRequest(http.MethodGet, front.URL+path, nil)
		if err != nil {
			return nil, err
		}
		r.Host = "console.example"
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		return http.DefaultClient.Do(r)
	}
	good := issuer.Token(t, map[string]any{"sub": "ops", "aud": "console", "scope": "console"})
	for token, want := range map[string]int{"": 401, issuer.Token(t, map[string]any{"sub": "ops", "aud": "orders"}): 401, issuer.Token(t, map[string]any{"sub": "ops", "aud": "console"}): 403, good: 200} {
		for _, path := range []string{"/", "/api/state", "/api/requests", "/api/events"} {
			res, err := do(path, token)
			if err != nil {
				t.Fatal(err)
			}
			if res.StatusCode != want {
				t.Errorf("%s: got %d, want %d", path, res.StatusCode, want)
			}
			if want == 200 && path == "/api/events" {
				if line, err := bufio.NewReader(res.Body).ReadString('\n'); line != "event: state\n" {
					t.Errorf("the stream begins with %q, %v", line, err)
				}
			}
			res.Body.Close()
		}
	}
	direct, _ := http.NewRequest(http.MethodGet, "http://"+address+"/api/state", nil)
	direct.Host = "console.example"
	res, err := http.DefaultClient.Do(direct)
	if err != nil {
		t.Fatal(err)
	}
	if res.Body.Close(); res.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("a foreign name past the auth: %d", res.StatusCode)
	}
}
