package auth_test

import (
	"flag"
	"strings"
	"testing"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/rogpeppe/go-internal/testscript"

	"gateway/modules/auth/authtest"
)

// The test binary plays the gateway in the scripts.
func TestMain(m *testing.M) {
	testscript.Main(patient{m}, map[string]func(){"gateway": caddycmd.Main})
}

// patient runs more tests at a time than there are processors: most of them wait, for
// a file to be looked at or a token to expire.
type patient struct{ *testing.M }

func (p patient) Run() int {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		if err := flag.Set("test.parallel", "4"); err != nil {
			panic(err)
		}
	}
	return p.M.Run()
}

func TestScripts(t *testing.T) {
	t.Parallel()
	issuer := authtest.NewIssuer(t, authtest.New("ES256", "k1"), authtest.New("RS256", "k3"))
	introspection := authtest.NewIntrospection(t)
	introspection.Activate("opaque", authtest.Good("https://idp.example", "orders", nil))
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"} {
				env.Setenv(name, env.WorkDir)
			}
			// The race detector sleeps for a second at the end of each command otherwise.
			env.Setenv("GORACE", "atexit_sleep_ms=10")
			env.Setenv("IDP", issuer.URL)
			env.Setenv("INTROSPECTION", introspection.URL)
			env.Setenv("INTROSPECTION_SECRET", authtest.ClientSecret)
			key := authtest.New("ES256", "k1")
			env.Setenv("GOOD", key.Token(issuer.Claims("orders", nil), nil))
			env.Setenv("OLD_KEY", authtest.New("ES256", "k2").Token(issuer.Claims("orders", nil), nil))
			env.Setenv("SLASH", key.Token(issuer.Claims("orders", authtest.Claims{"iss": issuer.URL + "/", "aud": "orders/"}), nil))
			env.Setenv("ELSEWHERE", key.Token(authtest.Good("http://127.0.0.1:1", "orders", nil), nil))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"status": status},
	})
}

// status runs the gateway and wants an exit code: status 3 token inspect ….
func status(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec("gateway", args[1:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if neg || got != args[0] {
		ts.Fatalf("exit status %s, want %s", got, args[0])
	}
}
