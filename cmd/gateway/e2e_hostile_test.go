package main_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestHostileInput sends what no honest client sends. The answer is a clear 4xx, the
// service sees none of it, and the gateway keeps its memory and its countenance. That
// no token and no panic is in the log is checked when the process ends.
func TestHostileInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.start(t)
	h := &hostile{p: p, world: w, writer: w.token(t, "writer", map[string]any{"sub": "hostile"})}
	t.Run("tokens", h.tokens)
	t.Run("paths", h.paths)
	t.Run("bodies", h.bodies)
	t.Run("sizes", h.sizes)
	t.Run("messages", h.messages)

	if a := p.send(nil, "GET", "/v2/orders", "Authorization", w.token(t, "reader", map[string]any{"sub": "after"})); a.StatusCode != http.StatusOK {
		t.Errorf("an honest request afterwards: got %d, want 200", a.StatusCode)
	}
	for line := range strings.Lines(p.log()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("a line of the log is not JSON: %.300s", line)
		}
	}
	if got := memoryOf(t, p.cmd.Process.Pid, "VmHWM"); got > 250<<20 {
		t.Errorf("the gateway held %d MB at its peak, want at most 250", got>>20)
	}
}

type hostile struct {
	p      *process
	world  *world
	writer string
}

// refused checks that an answer is one of the wanted refusals and that the service
// has not seen the request.
func (h *hostile) refused(t *testing.T, a answer, want ...int) {
	t.Helper()
	ok := false
	for _, status := range want {
		ok = ok || a.StatusCode == status
	}
	if !ok {
		t.Errorf("got %d %.200s, want %v", a.StatusCode, a.body, want)
	}
	if h.world.recorder.find(a) != nil {
		t.Error("the service has seen it")
	}
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func (h *hostile) tokens(t *testing.T) {
	good := strings.TrimPrefix(h.writer, "Bearer ")
	parts := strings.Split(good, ".")
	for name, token := range map[string]string{
		"nothing":                 "",
		"a word":                  "hello",
		"three words":             "a.b.c",
		"only dots":               strings.Repeat(".", 5000),
		"four parts":              good + ".x",
		"no signature":            parts[0] + "." + parts[1] + ".",
		"a short signature":       good[:len(good)-4],
		"padding":                 good + "==",
		"white space":             good + " " + good,
		"alg none":                encode(`{"alg":"none"}`) + "." + parts[1] + ".",
		"alg None":                encode(`{"alg":"nOnE","typ":"at+jwt"}`) + "." + parts[1] + ".",
		"alg HS256":               encode(`{"alg":"HS256","typ":"at+jwt"}`) + "." + parts[1] + "." + parts[2],
		"other claims":            parts[0] + "." + encode(`{"sub":"root"}`) + "." + parts[2],
		"claims that are a list":  parts[0] + "." + encode(`[]`) + "." + parts[2],
		"a header that is a list": encode(`[]`) + "." + parts[1] + "." + parts[2],
		"deep JSON":               encode(strings.Repeat("[", 3000)) + "." + parts[1] + "." + parts[2],
		"an encrypted token":      encode(`{"alg":"dir","enc":"A256GCM"}`) + "....",
		"a key in the header":     encode(`{"alg":"ES256","jwk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}}`) + "." + parts[1] + "." + parts[2],
		"a URL in the header":     encode(`{"alg":"ES256","jku":"http://127.0.0.1:1/","kid":"http://127.0.0.1:1/"}`) + "." + parts[1] + "." + parts[2],
		"a critical extension":    encode(`{"alg":"ES256","crit":["b64"],"b64":false}`) + "." + parts[1] + "." + parts[2],
		"not base64":              "%%%.%%%.%%%",
		"invalid UTF-8":           encode("{\"alg\":\"\xff\"}") + "." + parts[1] + "." + parts[2],
		"very long":               strings.Repeat("A", 12_000),
	} {
		t.Run(name, func(t *testing.T) {
			h.refused(t, h.p.send(nil, "GET", "/v2/orders", "Authorization", "Bearer "+token), 400, 401)
		})
	}
	t.Run("two fields", func(t *testing.T) {
		h.refused(t, h.p.send(nil, "GET", "/v2/orders", "Authorization", h.writer, "Authorization", h.writer), 400)
	})
	t.Run("in the query", func(t *testing.T) {
		h.refused(t, h.p.send(nil, "GET", "/v2/orders?access_token="+good), 400, 401)
	})
}

func (h *hostile) paths(t *testing.T) {
	for _, target := range []string{
		"/v2/%2e%2e/v2/orders", "/v2/../v2/orders", "/v2/./orders", "/v2//orders", "//v2/orders",
		"/v2%2forders", "/v2/orders%2Ford_000001", "/v2/orders%5cord_000001", `/v2\orders`,
		"/v2/orders;x=1", "/v2/orders%3bx=1", "/v2/orders/%00", "/v2/orders/ord_000001%0a",
		"/v2/orders/%252e%252e", "/v2/orders/%c0%ae", "/v2/orders/%ff", "/v2/orders/%zz", "/v2/orders/%",
		"/v2/health/../orders",
	} {
		t.Run(target, func(t *testing.T) {
			h.refused(t, h.raw(t, "GET "+target+" HTTP/1.1\r\nHost: localhost\r\nAuthorization: "+h.writer+"\r\nConnection: close\r\n\r\n"), 400)
		})
	}
	// One reading, and nothing there.
	for _, target := range []string{"/V2/orders", "/v2/Orders", "/v2/orders/ord_000001/", "/v2", "/", "/v2/orders/ord_000001/cancel/x"} {
		t.Run(target, func(t *testing.T) {
			h.refused(t, h.raw(t, "GET "+target+" HTTP/1.1\r\nHost: localhost\r\nAuthorization: "+h.writer+"\r\nConnection: close\r\n\r\n"), 404)
		})
	}
}

func (h *hostile) bodies(t *testing.T) {
	for _, test := range []struct {
		name, body string
		status     int
		code       string
	}{
		{"nothing", "", 422, "schema.body"},
		{"white space", "  \n", 400, "schema.not_json"},
		{"half an object", `{"customer":`, 400, "schema.not_json"},
		{"two values", goodOrder + goodOrder, 400, "schema.not_json"},
		{"a byte order mark", "\ufeff" + goodOrder, 400, "schema.not_json"},
		{"invalid UTF-8", strings.Replace(goodOrder, "EUR", "\xff\xfe", 1), 400, "schema.not_json"},
		{"a lone surrogate", strings.Replace(goodOrder, "EUR", `\ud800`, 1), 400, "schema.not_json"},
		{"a control character", strings.Replace(goodOrder, "EUR", "\x01", 1), 400, "schema.not_json"},
		{"a comment", "/* hello */" + goodOrder, 400, "schema.not_json"},
		{"not a number", strings.Replace(goodOrder, ":2}", ":NaN}", 1), 400, "schema.not_json"},
		{"a member twice", strings.Replace(goodOrder, `"quantity":2`, `"quantity":2,"quantity":0`, 1), 400, "schema.duplicate_key"},
		{"a member twice, escaped", strings.Replace(goodOrder, `"quantity":2`, `"quantity":2,"\u0071uantity":0`, 1), 400, "schema.duplicate_key"},
		{"deep", strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000), 400, "schema.too_deep"},
		{"deep and open", strings.Repeat(`{"a":`, 50_000), 400, "schema.too_deep"},
		{"a long number", strings.Replace(goodOrder, ":2}", ":"+strings.Repeat("9", 100_000)+"}", 1), 400, "schema.too_deep"},
		{"a large exponent", strings.Replace(goodOrder, ":2}", ":1e999999999}", 1), 400, "schema.too_deep"},
		{"null", "null", 422, "schema.body"},
		{"a list", "[]", 422, "schema.body"},
		{"a member too many", strings.Replace(goodOrder, `{"customer"`, `{"admin":true,"customer"`, 1), 422, "schema.body"},
		{"half a piece", strings.Replace(goodOrder, ":2}", ":1.5}", 1), 422, "schema.body"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := h.p.send(nil, "POST", "/v2/orders", "Authorization", h.world.token(t, "writer", map[string]any{"sub": "bodies"}),
				"Content-Type", "application/json", "", test.body)
			h.refused(t, a, test.status)
			a.wantProblem(t, nil, test.status, test.code)
		})
	}
}

// stream is n bytes of a JSON string that nobody holds in memory.
func stream(n int64) io.Reader {
	return io.MultiReader(strings.NewReader(`{"note":"`), io.LimitReader(letters{}, n))
}

type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

func (h *hostile) sizes(t *testing.T) {
	const size = 100 << 20
	t.Run("100 MB, declared", func(t *testing.T) {
		head := fmt.Sprintf("POST /v2/orders HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", h.writer, size)
		a := h.stream(t, head, io.LimitReader(letters{}, size))
		h.refused(t, a, 413)
		a.wantProblem(t, nil, 413, "schema.too_large")
	})
	t.Run("100 MB, chunked", func(t *testing.T) {
		head := "POST /v2/orders HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + h.writer + "\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
		a := h.stream(t, head, chunked(stream(size)))
		h.refused(t, a, 413)
		a.wantProblem(t, nil, 413, "schema.too_large")
	})
	t.Run("1 MB in one field", func(t *testing.T) {
		h.refused(t, h.raw(t, "GET /v2/health HTTP/1.1\r\nHost: localhost\r\nX-Long: "+strings.Repeat("x", 1<<20)+"\r\n\r\n"), 431)
	})
	t.Run("1 MB in many fields", func(t *testing.T) {
		h.refused(t, h.raw(t, "GET /v2/health HTTP/1.1\r\nHost: localhost\r\n"+strings.Repeat("X-Many: x\r\n", 100_000)+"\r\n"), 431)
	})
	t.Run("1 MB in the path", func(t *testing.T) {
		h.refused(t, h.raw(t, "GET /v2/"+strings.Repeat("x", 1<<20)+" HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400, 414, 431)
	})
}

func chunked(r io.Reader) io.Reader {
	pr, pw := io.Pipe()
	go func() {
		buf := make([]byte, 64<<10)
		for {
			n, err := r.Read(buf)
			if n > 0 {
				if _, werr := fmt.Fprintf(pw, "%x\r\n%s\r\n", n, buf[:n]); werr != nil {
					return
				}
			}
			if err != nil {
				_, _ = io.WriteString(pw, "0\r\n\r\n")
				pw.Close()
				return
			}
		}
	}()
	return pr
}

// messages are requests that servers read differently.
func (h *hostile) messages(t *testing.T) {
	for name, message := range map[string]string{
		"two lengths":           "POST /v2/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
		"an odd length":         "POST /v2/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: +3\r\n\r\nabc",
		"an odd coding":         "POST /v2/orders HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"a space before colon":  "GET /v2/health HTTP/1.1\r\nHost : localhost\r\n\r\n",
		"no host":               "GET /v2/health HTTP/1.1\r\n\r\n",
		"two hosts":             "GET /v2/health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"a control character":   "GET /v2/health HTTP/1.1\r\nHost: localhost\r\nX-Odd: a\x01b\r\n\r\n",
		"a colour in the path":  "GET /v2/\x1b[31mhealth HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"the asterisk":          "GET * HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"the method in letters": "get /v2/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"TRACE":                 "TRACE /v2/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"CONNECT":               "CONNECT localhost:22 HTTP/1.1\r\nHost: localhost:22\r\n\r\n",
		"an override":           "GET /v2/health HTTP/1.1\r\nHost: localhost\r\nX-HTTP-Method-Override: DELETE\r\nContent-Length: x\r\n\r\n",
		"nonsense":              "Good morning! Is there anybody in?\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			h.refused(t, h.raw(t, message), 400, 404, 405, 501, 505)
		})
	}
}

// raw sends bytes as they are and reads one answer.
func (h *hostile) raw(t *testing.T, message string) answer {
	t.Helper()
	return h.stream(t, message, nil)
}

// stream sends a head and then a body, and reads the answer while it does: a server
// that has heard enough answers early and stops reading.
func (h *hostile) stream(t *testing.T, head string, body io.Reader) answer {
	t.Helper()
	conn, err := client().Transport.(*http.Transport).DialContext(t.Context(), "tcp", h.p.api)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	go func() {
		// The server may close before it has read everything.
		if _, err := io.WriteString(conn, head); err == nil && body != nil {
			_, _ = io.Copy(conn, body)
		}
		if tcp, ok := conn.(*net.TCPConn); ok && body != nil {
			_ = tcp.CloseWrite()
		}
	}()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("reading the answer: %v", err)
	}
	return read(t, response)
}
