package tail_test

import (
	"net"
	"testing"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"
	"github.com/rogpeppe/go-internal/testscript"

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
		Setup: func(env *testscript.Env) error {
			for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"} {
				env.Setenv(name, env.WorkDir)
			}
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			env.Setenv("NOBODY", listener.Addr().String())
			env.Setenv("GORACE", "atexit_sleep_ms=10")
			return listener.Close()
		},
	})
}
