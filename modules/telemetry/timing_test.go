package telemetry_test

import (
	"regexp"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
)

func TestServerTimingIsAnOption(t *testing.T) {
	t.Parallel()
	address := upstream(t, ok)
	plain := gatewaytest.New(t, site("untimed", address, "", "")).On(":8080")
	timed := gatewaytest.New(t, "{\n\tgateway {\n\t\tserver_timing\n\t}\n}\n"+site("timed", address, "", "\t\tratelimit 1/1h\n")).On(":8080")
	const ms = `;dur=[0-9.]+`
	const passed = `^versioning` + ms + `, api` + ms + `, ratelimit` + ms
	for _, want := range []string{
		passed + `, validate` + ms + `, gateway` + ms + `, upstream` + ms + `$`,
		passed + `;desc=refused, gateway` + ms + `$`,
	} {
		if got := timed.Do("GET", "/v1/things/1").Header().Get("Server-Timing"); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("Server-Timing is %q, want it to match %s", got, want)
		}
	}
	if got, ok := plain.Do("GET", "/v1/things/1").Header()["Server-Timing"]; ok {
		t.Errorf("nobody asked for it, but Server-Timing is %q", got)
	}
}

func TestServerTimingTakesNothing(t *testing.T) {
	t.Parallel()
	for option, want := range map[string]string{
		"server_timing on":                 "Caddyfile:3",
		"server_timing\n\t\tserver_timing": "server_timing stands here twice",
		"server_timings":                   "server_timing",
	} {
		_, err := gatewaytest.Load(t, "{\n\tgateway {\n\t\t"+option+"\n\t}\n}\n:8080 {\n\tratelimit 1/1h\n}\n")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", option, err, want)
		}
	}
}
