package dev

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"gateway/internal/finding"
)

// TestOverlay: what the configuration says itself stays, and nothing that decides about
// requests is touched.
func TestOverlay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, config, want string }{
		{
			"nothing said", `{"apps":{"http":{"servers":{"srv0":{"routes":[{"handle":[{"handler":"api","apis":[{"name":"orders","max":12345678901234567890}]}]}]}}}}}`,
			`{"admin":{"config":{"persist":false},"listen":"localhost:1"},"apps":{"gateway":{"console":"127.0.0.1:2","server_timing":true},"http":{"servers":{"srv0":{"routes":[{"handle":[{"apis":[{"docs":true,"max":12345678901234567890,"name":"orders"}],"handler":"api"}]}]}}}},` +
				`"logging":{"logs":{"default":{"encoder":{"colour":false,"format":"gateway_dev"},"exclude":["http.handlers.api"],"level":"WARN"},"gateway_dev_contracts":{"encoder":{"colour":false,"format":"gateway_dev"},"include":["http.handlers.api"],"level":"INFO"}}}}`,
		},
		{
			"logs and the admin endpoint are said", `{"admin":{"listen":"localhost:9"},"apps":{},"logging":{"logs":{"default":{"writer":{"output":"stdout"}}}}}`,
			`{"admin":{"config":{"persist":false},"listen":"localhost:9"},"apps":{"gateway":{"console":"127.0.0.1:2","server_timing":true}},"logging":{"logs":{"default":{"writer":{"output":"stdout"}}}}}`,
		},
		{
			"a level is said", `{"logging":{"logs":{"default":{"level":"DEBUG","include":["http"]}}}}`,
			`{"admin":{"config":{"persist":false},"listen":"localhost:1"},"apps":{"gateway":{"console":"127.0.0.1:2","server_timing":true}},"logging":{"logs":{"default":{"encoder":{"colour":false,"format":"gateway_dev"},"include":["http"],"level":"DEBUG"}}}}`,
		},
	} {
		got, err := overlay([]byte(c.config), given{console: "127.0.0.1:2", admin: "localhost:1"}, false)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got\n%s, %v; want\n%s", c.name, got, err, c.want)
		}
	}
}

// TestLogs are for people: findings have their frames, and nothing is obeyed.
func TestLogs(t *testing.T) {
	t.Parallel()
	at := zapcore.Entry{Level: zapcore.ErrorLevel, Time: time.Date(2026, 12, 1, 14, 3, 22, 0, time.Local)}
	broken := (&finding.Error{Message: "no such type", At: finding.Position{File: "a.yaml", Line: 1, Column: 3}, Hint: "did you mean integer?"}).In([]byte("x: integr\n"))
	for _, c := range []struct {
		message string
		fields  []zap.Field
		want    string
	}{
		{"the contract cannot be used", []zap.Field{zap.String("api", "orders"), zap.String("version", ""), zap.Error(broken)},
			"14:03:22 error the contract cannot be used  api=orders\n  a.yaml:1:3: no such type\n   > 1 │ x: integr\n       │   ^\n  hint: did you mean integer?\n"},
		{"keys are gone", []zap.Field{zap.String("error", "dial tcp: \x1b[2Jno"), zap.Any("request", "long")}, "14:03:22 error keys are gone: dial tcp: ·[2Jno\n"},
		{"HTTP/2 skipped because it requires TLS", nil, ""},
	} {
		at.Message = c.message
		e := (&Encoder{MapObjectEncoder: zapcore.NewMapObjectEncoder()}).Clone()
		out, err := e.EncodeEntry(at, c.fields)
		if err != nil || out.String() != c.want {
			t.Errorf("got\n%q, %v; want\n%q", out, err, c.want)
		}
		for _, r := range out.String() {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Errorf("%U reaches the terminal", r)
			}
		}
	}
}

func TestMentioned(t *testing.T) {
	t.Parallel()
	got := mentioned([]byte(`{"contract":"api/orders","key":"keys/a.pem","upstream":"http://localhost/x.json","text":"Hello. You","matcher":"*.example","body":"{env.X}/a","level":"WARN"}`))
	slices.Sort(got)
	// Nobody knows that the text is no file.
	if strings.Join(got, ",") != "Hello. You,api/orders,keys/a.pem" {
		t.Errorf("got %q", got)
	}
	if names := mentioned([]byte(`{`)); len(names) != 0 {
		t.Errorf("got %q", names)
	}
	many, _ := json.Marshal(slices.Repeat([]string{"a/b"}, 3))
	if names := mentioned(many); len(names) != 1 {
		t.Errorf("got %q", names)
	}
}

// TestTakenAddresses: also where another process shares its ports, as Caddy does, and
// with the place in the file.
func TestTakenAddresses(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	address := listener.Addr().String()
	file := filepath.Join(t.TempDir(), "Caddyfile")
	_, port, _ := net.SplitHostPort(address)
	if err := os.WriteFile(file, []byte("# :"+port+"0\nhttp://127.0.0.1:"+port+" {\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &session{file: file}
	err = s.free(t.Context(), addresses{address: forSite})
	found := finding.Of(err)
	if len(found) != 1 || found[0].At.Line != 2 || !strings.Contains(found[0].Message, address) {
		t.Errorf("got %v", err)
	}
	s.live = addresses{address: forSite}
	if err := s.free(t.Context(), addresses{address: forSite}); err != nil {
		t.Errorf("its own address: %v", err)
	}
	if got, err := freeAddress(address); err != nil || got == address || !strings.HasPrefix(got, "127.0.0.1:") {
		t.Errorf("instead of %s: %s, %v", address, got, err)
	}
}

func TestRoutesTable(t *testing.T) {
	t.Parallel()
	list := make([]operation, 2)
	for i, text := range []string{
		`{"method":"POST","template":"/v1/orders","api":"orders","version":"v1","auth":"token","scopes":["orders:write","admin"],"limits":[{"policy":"default","quota":"100/1m"}],"upstream":["localhost:9001"],"deprecated":true,"source":{"file":"a.yaml","line":9}}`,
		`{"method":"GET","template":"/v1/\u001b[2J","api":"orders","auth":"none","scopes":[],"limits":[],"upstream":[],"source":{"file":"a.yaml","line":4}}`,
	} {
		if err := json.Unmarshal([]byte(text), &list[i]); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	if err := writeRoutes(&out, list); err != nil {
		t.Fatal(err)
	}
	want := `METHOD  PATH        API                     AUTH                          LIMITS          SERVICE         SOURCE
POST    /v1/orders  orders v1 (deprecated)  token: orders:write or admin  default 100/1m  localhost:9001  a.yaml:9
GET     /v1/·[2J    orders                  none                          -               -               a.yaml:4
`
	if out.String() != want {
		t.Errorf("got\n%s", out.String())
	}
}

// TestPagesOfTheBanner are where they are: each at the address of its own site, and none that cannot be named.
func TestPagesOfTheBanner(t *testing.T) {
	t.Parallel()
	var now served
	for _, text := range []string{
		`{"process":{"addresses":["http://localhost:8080","http://localhost:9464","https://shop.example"]}}`,
		`{"routes":[{"api":"orders"}],"directives":[
			{"directive":"api","listen":[":8080"],"hosts":[],"matchers":[],"apis":["orders"]},
			{"directive":"api","listen":[":9464"],"hosts":[],"matchers":[],"apis":["without a contract"]},
			{"directive":"metrics","listen":[":9464"],"hosts":[],"matchers":["path /metrics"]},
			{"directive":"docs","listen":["127.0.0.1:443"],"hosts":["shop.example"],"matchers":["path /reference*"]},
			{"directive":"docs","listen":[":443"],"hosts":["other.example"],"matchers":[]},
			{"directive":"docs","listen":[":8080"],"hosts":[],"matchers":["path /a*","method GET"]},
			{"directive":"metrics","listen":["unix//run/x"],"hosts":[],"matchers":[]}]}`,
	} {
		if err := json.Unmarshal([]byte(text), &now); err != nil {
			t.Fatal(err)
		}
	}
	want := [][2]string{{"Docs", "http://localhost:8080/docs"}, {"Metrics", "http://localhost:9464/metrics"}, {"Docs", "https://shop.example/reference"}}
	if got := now.pages(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// TestTheConsoleHasMoved only if somebody else listens where it usually is: who has said where it is need not be told.
func TestTheConsoleHasMoved(t *testing.T) {
	t.Parallel()
	for config, console := range map[string]string{`{"apps":{"gateway":{"console":"127.0.0.1:2999"}}}`: "", `{}`: "127.0.0.1:2998"} {
		s := &session{console: console, given: given{admin: "localhost:1"}}
		if err := s.choose([]byte(config)); err != nil || s.given.moved {
			t.Errorf("%s: moved %t, %v", config, s.given.moved, err)
		}
	}
	s := &session{given: given{admin: "localhost:1"}}
	if err := s.choose([]byte(`{}`)); err != nil || s.given.moved != (s.given.console != usualConsole) {
		t.Errorf("at %s, moved %t, %v", s.given.console, s.given.moved, err)
	}
}
