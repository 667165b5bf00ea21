package test_test

import (
	"flag"
	"testing"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"
	"github.com/rogpeppe/go-internal/testscript"

	_ "gateway/internal/gatewaytest"
	_ "gateway/modules/standard"
)

// The test binary plays the gateway in the scripts.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"gateway": caddycmd.Main})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		// With -update the files in a script take what the commands print.
		UpdateScripts: flag.Lookup("update").Value.String() == "true",
		Setup: func(env *testscript.Env) error {
			for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"} {
				env.Setenv(name, env.WorkDir)
			}
			env.Setenv("GORACE", "atexit_sleep_ms=10")
			for _, who := range []string{"AUTHOR", "COMMITTER"} {
				env.Setenv("GIT_"+who+"_NAME", "Somebody")
				env.Setenv("GIT_"+who+"_EMAIL", "somebody@example.com")
			}
			return nil
		},
	})
}
