package strict_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard"
	"github.com/google/go-cmp/cmp"

	"gateway/internal/finding"
	"gateway/internal/gatewaytest"
)

func adapt(adapter, file, body string) ([]byte, []caddyconfig.Warning, error) {
	return caddyconfig.GetAdapter(adapter).Adapt([]byte(body), map[string]any{"filename": file})
}

// cases calls test for every Caddyfile in a folder of testdata.
func cases(t *testing.T, folder string, test func(t *testing.T, file, body string)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.caddyfile"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in %s: %v", folder, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".caddyfile"), func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			test(t, file, string(body))
		})
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	cases(t, "refused", func(t *testing.T, file, body string) {
		_, _, err := adapt("gateway", file, body)
		if err == nil {
			t.Fatal("accepted")
		}
		gatewaytest.Golden(t, strings.TrimSuffix(file, ".caddyfile")+".golden", []byte(err.Error()+"\n"))
	})
}

func TestAcceptedAsByCaddy(t *testing.T) {
	t.Parallel()
	cases(t, "accepted", func(t *testing.T, file, body string) {
		want, wantWarnings, err := adapt("caddyfile", file, body)
		if err != nil {
			t.Fatal(err)
		}
		got, warnings, err := adapt("gateway", file, body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("(-caddy +strict):\n%s", diff)
		}
		if len(warnings) != len(wantWarnings) {
			t.Errorf("%d warnings, want %d", len(warnings), len(wantWarnings))
		}
	})
}

func TestFormattingIsAWarning(t *testing.T) {
	t.Parallel()
	_, warnings, err := adapt("gateway", "Caddyfile", ":8080 {\nrespond hello\n}\n")
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0].Message, "gateway fmt --overwrite") {
		t.Errorf("got %v", warnings)
	}
}

func TestVariableSetToNothing(t *testing.T) {
	t.Setenv("GATEWAY_TEST_EMPTY", "")
	t.Setenv("GATEWAY_TEST_SET", "hello")
	body := ":8080 {\n\trespond {$GATEWAY_TEST_SET} {$GATEWAY_TEST_EMPTY:}\n\theader X {$GATEWAY_TEST_EMPTY}\n\theader Y {$GATEWAY_TEST_EMPTY:default}\n}\n"
	_, _, err := adapt("gateway", "Caddyfile", body)
	if err == nil {
		t.Fatal("accepted")
	}
	gatewaytest.Golden(t, "testdata/variable_empty.golden", []byte(err.Error()+"\n"))
}

func TestValuesOfVariablesDoNotMovePlaces(t *testing.T) {
	t.Setenv("GATEWAY_TEST_LONG", "a value that is longer than its name, certainly")
	_, _, err := adapt("gateway", "Caddyfile", ":8080 {\n\theader X \"{$GATEWAY_TEST_LONG}\" Y {path\n}\n")
	e, ok := errors.AsType[*finding.Error](err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	if got, want := e.Where(), (finding.Position{File: "Caddyfile", Line: 2, Column: 36}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestNamelessSources(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{"-": "stdin", "": "request-body"} {
		_, _, err := adapt("gateway", file, ":8080 {\n\trespond \"hello\"\n")
		if err == nil || !strings.HasPrefix(err.Error(), want+":1:7: ") || !strings.Contains(err.Error(), " > 1 │ :8080 {\n") {
			t.Errorf("%q: got %v", file, err)
		}
	}
}
