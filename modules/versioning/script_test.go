package versioning_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"gateway/internal/gatewaytest"
)

func TestMain(m *testing.M) { gatewaytest.ScriptMain(m) }

func TestScripts(t *testing.T) {
	t.Parallel()
	gatewaytest.Scripts(t, testscript.Params{})
}

// asked returns what the admin endpoint says about the versions of one API.
func asked(t *testing.T, scope string) map[string]map[string]any {
	t.Helper()
	const module, target = "admin.api.gateway_versions", "/gateway/versions"
	if status, body := gatewaytest.Admin(t, module, "POST", target, ""); status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d %s", status, body)
	}
	_, body := gatewaytest.Admin(t, module, "GET", target, "")
	var list struct {
		APIs []struct {
			API      string
			Versions []map[string]any
		}
	}
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		t.Fatal(err)
	}
	for _, api := range list.APIs {
		if !strings.HasPrefix(api.API, scope) {
			continue
		}
		versions := make(map[string]map[string]any)
		for _, v := range api.Versions {
			versions[v["version"].(string)] = v
		}
		return versions
	}
	return nil
}

// TestWhoUsesWhat: requests are counted at the admin endpoint and dated in the metrics.
func TestWhoUsesWhat(t *testing.T) {
	t.Parallel()
	gw, err := gatewaytest.LoadFile(t, "Usagefile", byHand)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/v1/a", "/v1/failing", "/v0/a", "/v9/a"} {
		gw.Do("GET", path)
	}
	got := asked(t, "Usagefile:")
	if got["v1"]["requests"] != 2.0 || got["v1"]["anonymous"] != 2.0 || got["v1"]["last_seen"] == nil || got["v1"]["state"] != "deprecated" || got["v1"]["successor"] != "v2" {
		t.Errorf("v1: %v", got["v1"])
	}
	if got["v0"]["requests"] != 1.0 || got["v0"]["refused"] != 1.0 || got["v0"]["state"] != "gone" {
		t.Errorf("v0: %v", got["v0"])
	}
	if got["v2"]["requests"] != 0.0 || got["v2"]["last_seen"] != nil || len(got) != 3 {
		t.Errorf("v2: %v", got)
	}
	ctx := gw.Context()
	families, err := ctx.GetMetricsRegistry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := 0
	for _, family := range families {
		if !strings.HasPrefix(family.GetName(), "gateway_version_") {
			continue
		}
		for _, m := range family.GetMetric() {
			labels := m.GetLabel()
			if strings.HasPrefix(labels[0].GetValue(), "Usagefile:") {
				series++
			}
			if len(labels) != 2 || labels[0].GetName() != "api" || labels[1].GetName() != "version" {
				t.Errorf("%s has the labels %v", family.GetName(), labels)
			}
		}
	}
	if series != 5 { // two were asked for, one is deprecated, two have a sunset
		t.Errorf("%d series", series)
	}
}
