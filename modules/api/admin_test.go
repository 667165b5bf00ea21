package api_test

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"

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

const contractsModule, contractsRoute = "admin.api.gateway_contracts", "/gateway/contracts"

// askContracts asks the admin endpoint about the contracts of an API.
func askContracts(t *testing.T, name string) (list []adminContract) {
	t.Helper()
	status, body := gatewaytest.Admin(t, contractsModule, "GET", contractsRoute, "")
	var answer struct{ Contracts []adminContract }
	if err := json.Unmarshal([]byte(body), &answer); status != http.StatusOK || err != nil {
		t.Fatalf("%d %s: %v", status, body, err)
	}
	for _, c := range answer.Contracts { // other tests have theirs at the same time
		if c.API == name {
			list = append(list, c)
		}
	}
	return list
}

func TestContractsAtTheAdminEndpoint(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "openapi.yaml")
	write(t, file, things("/a"))
	gatewaytest.New(t, block("admin-contracts", file, filepath.Join(dir, "log"), ""))
	list := askContracts(t, "admin-contracts")
	if len(list) != 1 || !list[0].Healthy || list[0].Served == "" || list[0].Findings != nil {
		t.Fatalf("got %+v", list)
	}
	write(t, file, bad)
	eventually(t, "the finding", func() bool {
		list = askContracts(t, "admin-contracts")
		return !list[0].Healthy
	})
	if f := list[0].Findings[0]; f.File != file || f.Line != 4 || f.Column != 8 || f.Hint != "did you mean get?" || f.Text == "" {
		t.Errorf("got %+v", f)
	}
	if status, body := gatewaytest.Admin(t, contractsModule, "POST", contractsRoute, ""); status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d %s", status, body)
	}
}
