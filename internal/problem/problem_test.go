package problem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"github.com/santhosh-tekuri/jsonschema/v5"

	"gateway/internal/testfile"
)

func TestEveryReasonIsWholeAndListed(t *testing.T) {
	t.Parallel()
	declared := declaredReasons(t)
	if declared != len(catalogue) {
		t.Errorf("catalogue.go declares %d reasons, the list has %d", declared, len(catalogue))
	}
	for _, r := range Catalogue() {
		stage, word, ok := strings.Cut(r.Code, ".")
		if !ok || stage == "" || word == "" || strings.ToLower(r.Code) != r.Code {
			t.Errorf("%q is not stage.reason", r.Code)
		}
		if r.Title == "" || r.Hint == "" || r.About == "" || r.Status < 400 || http.StatusText(r.Status) == "" {
			t.Errorf("%s is not whole: %+v", r.Code, r)
		}
		if strings.HasSuffix(r.Title, ".") || !strings.HasSuffix(r.Hint, ".") || !strings.HasSuffix(r.About, ".") {
			t.Errorf("%s: titles end without a full stop, hints and pages with one", r.Code)
		}
		if Find(r.Code) != r {
			t.Errorf("Find(%q) does not find it", r.Code)
		}
	}
	if Find("auth.nonsense") != nil {
		t.Error("Find invents reasons")
	}
}

// declaredReasons counts the composite literals of type Reason in the catalogue.
func declaredReasons(t *testing.T) int {
	files, err := filepath.Glob("catalogue*.go")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.CompositeLit); ok {
				if id, ok := lit.Type.(*ast.Ident); ok && id.Name == "Reason" {
					count++
				}
			}
			return true
		})
	}
	return count
}

func TestDocument(t *testing.T) {
	t.Parallel()
	pointer := "/items/0/qty"
	refusal := &Refusal{
		Reason: SchemaBody, Detail: `2 problems in the body of "createOrder".`,
		Violations: []Violation{
			{Pointer: &pointer, Rule: "minimum", Expected: 1, Message: "must be at least 1"},
			{Parameter: "limit", In: "query", Rule: "type", Expected: "integer", Message: "must be an integer", Hint: "such as 10"},
		},
		More: 3,
	}
	got := string(Append(nil, refusal, "id-1"))
	want := `{"type":"/docs/errors/schema.body","title":"Request body does not match the contract","status":422,` +
		`"detail":"2 problems in the body of \"createOrder\".","code":"schema.body",` +
		`"hint":"Correct the members that the response lists.","request_id":"id-1",` +
		`"errors":[{"pointer":"/items/0/qty","rule":"minimum","expected":1,"message":"must be at least 1"},` +
		`{"parameter":"limit","in":"query","rule":"type","expected":"integer","message":"must be an integer","hint":"such as 10"}],"more":3}` + "\n"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestDocumentsMatchTheSchemaOfTheRFC(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(testfile.Shared(t, "problem-details"), "problem.json"))
	if err != nil {
		t.Fatal(err)
	}
	// The file keeps the line folding of the RFC's text (RFC 8792 §7.1).
	schema, err := jsonschema.CompileString("problem.json", strings.ReplaceAll(string(text), "\\\n", ""))
	if err != nil {
		t.Fatal(err)
	}
	refusals := []*Refusal{blank(http.StatusTeapot)}
	for _, r := range catalogue {
		refusals = append(refusals, New(r), &Refusal{Reason: r, Detail: "x\x00\"<é", Scopes: []string{"a"}, RetryAfter: time.Second, Policies: []string{"p"}, Versions: []string{"v1"}})
	}
	for _, f := range refusals {
		var document any
		if err := json.Unmarshal(Append(nil, f, "id"), &document); err != nil {
			t.Fatalf("%s: %v", f.Reason.Code, err)
		}
		if err := schema.Validate(document); err != nil {
			t.Errorf("%s: %v", f.Reason.Code, err)
		}
	}
}

func TestThePreciseReasonStaysInside(t *testing.T) {
	t.Parallel()
	f := &Refusal{Reason: AuthSignature, Detail: "key k1 says no", Cause: errors.New("secret cause")}
	document := string(Append(nil, f, ""))
	for _, leak := range []string{"signature", "k1", "secret"} {
		if strings.Contains(document, leak) || strings.Contains(f.Error(), leak) {
			t.Errorf("the client can read %q: %s %s", leak, document, f.Error())
		}
	}
	if !strings.Contains(document, `"code":"auth.rejected"`) {
		t.Errorf("the public face is missing: %s", document)
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	f := &Refusal{Reason: LimitExceeded, RetryAfter: 1500 * time.Millisecond, Header: http.Header{"Allow": {"GET"}}}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		rec := httptest.NewRecorder()
		if err := Write(rec, httptest.NewRequest(method, "/", nil), f, "id"); err != nil {
			t.Fatal(err)
		}
		if rec.Code != 429 || rec.Header().Get("Content-Type") != MediaType || rec.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", method, rec.Code, rec.Header())
		}
		if rec.Header().Get("Retry-After") != "2" || rec.Header().Get("Allow") != "GET" {
			t.Errorf("%s: a wait is rounded up and the refusal's own fields are kept: %v", method, rec.Header())
		}
		if (rec.Body.Len() == 0) != (method == http.MethodHead) {
			t.Errorf("%s has a body of %d bytes", method, rec.Body.Len())
		}
	}
}

func TestFromError(t *testing.T) {
	t.Parallel()
	proxy := func(status int, err error) error {
		return caddyhttp.HandlerError{StatusCode: status, Err: err, Trace: "reverseproxy.statusError (reverseproxy.go:1)"}
	}
	dial := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	read := &net.OpError{Op: "read", Err: syscall.ECONNRESET}
	for name, tt := range map[string]struct {
		err  error
		want *Reason
	}{
		"ours":                          {New(AuthExpired), AuthExpired},
		"ours, wrapped":                 {New(AuthExpired).HandlerError(), AuthExpired},
		"refused":                       {proxy(502, dial), UpstreamRefused},
		"dial timed out":                {proxy(502, &net.OpError{Op: "dial", Err: context.DeadlineExceeded}), UpstreamRefused},
		"refused, as the proxy says it": {proxy(502, reverseproxy.DialError{}), UpstreamRefused},
		"reset":                         {proxy(502, read), UpstreamReset},
		"closed":                        {proxy(502, fmt.Errorf("reading: %w", io.EOF)), UpstreamReset},
		"timeout":                       {proxy(504, context.DeadlineExceeded), UpstreamTimeout},
		"no upstreams":                  {proxy(503, errors.New("no upstreams available")), UpstreamNoHealthy},
		"malformed":                     {proxy(502, errors.New("malformed HTTP response")), UpstreamBadResponse},
		"another handler's 500":         {caddyhttp.Error(500, errors.New("x")), nil},
		"client error":                  {proxy(400, errors.New("x")), nil},
		"plain":                         {errors.New("x"), nil},
	} {
		f, ok := FromError(tt.err)
		if ok != (tt.want != nil) || (ok && f.Reason != tt.want) {
			t.Errorf("%s: got %+v, want %+v", name, f, tt.want)
		}
	}
}

func TestForeignErrorsKeepTheirStatusAndNothingElse(t *testing.T) {
	t.Parallel()
	rec := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if err := WriteError(rec, r, caddyhttp.Error(418, errors.New("internal path /etc/x")), "id"); err != nil {
		t.Fatal(err)
	}
	want := `{"type":"about:blank","title":"I'm a teapot","status":418,"request_id":"id"}` + "\n"
	if rec.Code != 418 || rec.Body.String() != want {
		t.Errorf("got %d %s", rec.Code, rec.Body)
	}
}

func TestRefusingIsCheap(t *testing.T) {
	f := New(AuthMissing)
	buf := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { buf = Append(buf[:0], f, "019ab3c0-5c1e-7d3a-9f00-5b7d6f3f2a10") }); n > 0 {
		t.Errorf("a plain document costs %v allocations", n)
	}
}

func FuzzAppendString(f *testing.F) {
	f.Add("plain")
	f.Add("a\"\\\x00\x7f\xffé<")
	f.Fuzz(func(t *testing.T, s string) {
		var got string
		if err := json.Unmarshal(appendString(nil, s), &got); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if want := strings.ToValidUTF8(s, "�"); got != want && !strings.ContainsRune(s, '�') && strings.ToValidUTF8(s, "") == s {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}
