package dev_test

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"gateway/internal/freeport"
	"gateway/internal/gatewaytest"
)

func TestMain(m *testing.M) { gatewaytest.ScriptMain(m) }

func TestScripts(t *testing.T) {
	t.Parallel()
	gatewaytest.Scripts(t, testscript.Params{Setup: func(env *testscript.Env) error {
		env.Setenv("NOBODY", freeport.Address(t))
		return nil
	}})
}
