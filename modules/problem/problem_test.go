package problem_test

import (
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
)

func TestErrorsOfPoliciesAndOthersBecomeProblems(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, `:8080 {
	handle /limited {
		ratelimit 1/1h
		respond ok
	}
	handle /down {
		ratelimit 10/1s
		reverse_proxy 127.0.0.1:1
	}
	handle /foreign {
		error "internal text" 418
	}
	handle_errors {
		problem
	}
}
`)
	gw.Do("GET", "/limited")
	for path, want := range map[string]struct {
		status int
		code   string
	}{
		"/limited": {429, "limit.exceeded"},
		"/down":    {502, "upstream.refused"},
		"/foreign": {418, ""},
	} {
		res := gw.Do("GET", path)
		if p := res.Problem(); res.Code != want.status || p.Code != want.code || p.Status != want.status {
			t.Errorf("%s: got %d %s", path, res.Code, res.Body)
		}
		if strings.Contains(res.Body.String(), "internal text") {
			t.Errorf("%s: internals are shown: %s", path, res.Body)
		}
	}
	if res := gw.Do("GET", "/limited"); res.Header().Get("Retry-After") == "" || res.Header().Get("RateLimit") == "" {
		t.Errorf("the headers of the refusal are lost: %v", res.Header())
	}
}

func TestOutsideOfHandleErrorsItIsAnError(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, ":8080 {\n\tproblem\n}\n")
	if res := gw.Do("GET", "/"); res.Code != 500 {
		t.Errorf("got %d", res.Code)
	}
}

func TestItTakesNoOptions(t *testing.T) {
	t.Parallel()
	for _, options := range []string{" x", " {\n\t\tpretty\n\t}"} {
		if _, err := gatewaytest.Load(t, ":8080 {\n\tproblem"+options+"\n}\n"); err == nil {
			t.Errorf("problem%s loaded", options)
		}
	}
}
