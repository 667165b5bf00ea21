package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
)

// promising is a site with an API named name that has an slo.
func promising(listen, name, slo string) string {
	return listen + " {\n\tapi " + name + " {\n\t\tcontract testdata/users/openapi.yaml\n" + slo + "\t\trespond {http.request.header.Status}\n\t}\n}\n"
}

func TestRequestsCountForTheObjectives(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, `:8080 {
	api promised {
		contract testdata/users/openapi.yaml
		slo latency 10m 99% availability 99.9
		respond /users/broken 500
		respond ok
	}
}
`)
	for _, path := range []string{"/users/kim", "/users/broken", "/users/a/b", "/users/kim"} {
		gw.Do(http.MethodGet, path)
	}
	for _, want := range []struct {
		name, slo string
		value     float64
	}{
		{"gateway_slo_requests_total", "availability", 3}, // not the one without an operation
		{"gateway_slo_bad_requests_total", "availability", 1},
		{"gateway_slo_requests_total", "latency", 2},
		{"gateway_slo_bad_requests_total", "latency", 0},
	} {
		if got := gw.Metric(want.name, "api", "promised", "slo", want.slo); got != want.value {
			t.Errorf("%s of %s = %v, want %v", want.name, want.slo, got, want.value)
		}
	}
}

func TestAPIsOfOneNameHaveOneSLO(t *testing.T) {
	t.Parallel()
	const slo = "\t\tslo availability 99\n"
	if _, err := gatewaytest.Load(t, promising(":8080", "twice", slo)+promising(":8081", "twice", slo)); err != nil {
		t.Errorf("the same slo twice: %v", err)
	}
	for _, other := range []string{"", "\t\tslo availability 99.9\n"} {
		_, err := gatewaytest.Load(t, promising(":8080", "twice", slo)+promising(":8081", "twice", other))
		if err == nil || !strings.Contains(err.Error(), "has another slo at Caddyfile:") {
			t.Errorf("%q beside %q: %v", other, slo, err)
		}
	}
}

func TestObjectivesInJSONAreChecked(t *testing.T) {
	t.Parallel()
	for config, want := range map[string]string{
		`{}`:                                "slo has no objective",
		`{"availability":99.9999}`:          "an availability of 99.9999 % is not from 80 to 99.999",
		`{"latency":79,"within":"1s"}`:      "a latency for 79 % is not from 80 to 99.999",
		`{"latency":99}`:                    "the objective latency has two parts, latency and within",
		`{"availability":99,"within":"1s"}`: "the objective latency has two parts, latency and within",
		`{"latency":99,"within":"1h"}`:      "1h0m0s is not a time from 1ms to 10m0s",
		`{"latency":99,"within":"1µs"}`:     "1µs is not a time from 1ms to 10m0s",
	} {
		raw := `{"apis":[{"name":"orders","contract":"testdata/users/openapi.yaml","slo":` + config + `}]}`
		ctx := gatewaytest.New(t, ":8080\nrespond ok\n").Context()
		_, err := ctx.LoadModuleByID("http.handlers.api", json.RawMessage(raw))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", config, err, want)
		}
	}
}
