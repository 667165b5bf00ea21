package api_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"gateway/internal/gatewaytest"
)

// adminContract is what the admin endpoint says about a contract.
type adminContract struct {
	API      string
	Healthy  bool
	Served   string
	Findings []struct {
		File, Message, Hint, Text string
		Line, Column              int
	}
}

// askContracts asks the admin endpoint about the contracts of an API.
func askContracts(t *testing.T, method, name string) (list []adminContract, err error) {
	t.Helper()
	module, err := caddy.GetModule("admin.api.gateway_contracts")
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	if err := module.New().(caddy.AdminRouter).Routes()[0].Handler.ServeHTTP(w, httptest.NewRequest(method, "/gateway/contracts", nil)); err != nil {
		return nil, err
	}
	var answer struct{ Contracts []adminContract }
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	for _, c := range answer.Contracts { // other tests have theirs at the same time
		if c.API == name {
			list = append(list, c)
		}
	}
	return list, nil
}

func TestContractsAtTheAdminEndpoint(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "openapi.yaml")
	write(t, file, things("/a"))
	gatewaytest.New(t, block("admin-contracts", file, filepath.Join(dir, "log"), ""))
	list, err := askContracts(t, "GET", "admin-contracts")
	if err != nil || len(list) != 1 || !list[0].Healthy || list[0].Served == "" || list[0].Findings != nil {
		t.Fatalf("got %+v, %v", list, err)
	}
	write(t, file, bad)
	eventually(t, "the finding", func() bool {
		list, _ = askContracts(t, "GET", "admin-contracts")
		return !list[0].Healthy
	})
	if f := list[0].Findings[0]; f.File != file || f.Line != 4 || f.Column != 8 || f.Hint != "did you mean get?" || f.Text == "" {
		t.Errorf("got %+v", f)
	}
	_, err = askContracts(t, "POST", "admin-contracts")
	if refused, ok := errors.AsType[caddy.APIError](err); !ok || refused.HTTPStatus != http.StatusMethodNotAllowed {
		t.Errorf("got %v", err)
	}
}
