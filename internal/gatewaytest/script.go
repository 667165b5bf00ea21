package gatewaytest

import (
	"testing"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/rogpeppe/go-internal/testscript"

	"gateway/internal/testfile"
)

// ScriptMain runs the tests of a package with scripts. It is the TestMain of such a
// package, where the test binary plays the gateway.
func ScriptMain(m testscript.TestingM) {
	testscript.Main(m, map[string]func(){"gateway": caddycmd.Main})
}

// Scripts runs the scripts of a folder, by default testdata/script. With -update the files
// in them take what the commands print. A Setup comes after ours.
func Scripts(t *testing.T, params testscript.Params) {
	t.Helper()
	if params.Dir == "" {
		params.Dir = "testdata/script"
	}
	params.UpdateScripts = testfile.Update()
	further := params.Setup
	params.Setup = func(env *testscript.Env) error {
		setUp(env)
		if further != nil {
			return further(env)
		}
		return nil
	}
	testscript.Run(t, params)
}

// setUp gives a script a home of its own and somebody who commits.
func setUp(env *testscript.Env) {
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"} {
		env.Setenv(name, env.WorkDir)
	}
	for _, who := range []string{"AUTHOR", "COMMITTER"} {
		env.Setenv("GIT_"+who+"_NAME", "Somebody")
		env.Setenv("GIT_"+who+"_EMAIL", "somebody@example.com")
	}
	// The race detector sleeps for a second at the end of each command otherwise.
	env.Setenv("GORACE", "atexit_sleep_ms=10")
}
