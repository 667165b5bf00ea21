package auth_test

import (
	"flag"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"gateway/internal/gatewaytest"
	"gateway/modules/auth/authtest"
)

func TestMain(m *testing.M) { gatewaytest.ScriptMain(patient{m}) }

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
	gatewaytest.Scripts(t, testscript.Params{
		Setup: func(env *testscript.Env) error {
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
