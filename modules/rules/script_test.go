package rules_test

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"gateway/internal/gatewaytest"
)

func TestMain(m *testing.M) { gatewaytest.ScriptMain(m) }

func TestScripts(t *testing.T) {
	t.Parallel()
	gatewaytest.Scripts(t, testscript.Params{})
}
