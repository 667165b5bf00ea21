package api_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
)

// ending is an API of which some operations end before the version does.
func ending(t *testing.T, operation string) (*gatewaytest.Gateway, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "openapi.yaml")
	contract := "openapi: 3.1.0\ninfo: {title: Orders, version: 1.0.0}\npaths:\n  /orders:\n    get:\n      operationId: listOrders\n" + operation +
		"      responses: {\"200\": {description: fine}}\n    post:\n      operationId: createOrder\n      responses: {\"201\": {description: fine}}\n"
	if err := os.WriteFile(file, []byte(contract), 0o644); err != nil {
		t.Fatal(err)
	}
	return gatewaytest.Load(t, ":8080 {\n\tapi orders {\n\t\tcontract "+file+"\n\t\trespond ok\n\t}\n}\n")
}

// TestOperationsThatEnd: an operation announces its end, and is gone after it; others
// live on.
func TestOperationsThatEnd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		operation, sunset, deprecation string
		status                         int
	}{
		{"      deprecated: true\n      x-deprecated: 2026-01-01\n      x-sunset: 2999-12-31\n", "Tue, 31 Dec 2999 00:00:00 GMT", "@1767225600", 200},
		{"      deprecated: true\n      x-sunset: \"2020-06-30T12:00:00Z\"\n", "Tue, 30 Jun 2020 12:00:00 GMT", "", 410},
	} {
		gw, err := ending(t, tt.operation)
		if err != nil {
			t.Fatal(err)
		}
		res := gw.Do("GET", "/orders")
		if res.Code != tt.status || res.Header().Get("Sunset") != tt.sunset || res.Header().Get("Deprecation") != tt.deprecation {
			t.Errorf("%s: got %d %v", tt.operation, res.Code, res.Header())
		}
		if p := res.Problem(); tt.status == 410 && (p.Code != "version.sunset" || !strings.Contains(p.Detail, "listOrders was switched off on 30 June 2020")) {
			t.Errorf("got %s", res.Body)
		}
		if other := gw.Do("POST", "/orders"); other.Code != 200 || other.Header().Get("Sunset") != "" {
			t.Errorf("another operation: %d %v", other.Code, other.Header())
		}
	}
	for operation, want := range map[string]string{
		"      x-sunset: 2999-12-31\n":                                                         "has a sunset, but is not deprecated",
		"      deprecated: true\n      x-sunset: soon\n":                                       "x-sunset of listOrders is not a date",
		"      deprecated: true\n      x-sunset: 20\n":                                         "x-sunset of listOrders is not a date",
		"      deprecated: true\n      x-deprecated: 2027-01-01\n      x-sunset: 2026-01-01\n": "is before its deprecation",
	} {
		if _, err := ending(t, operation); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", operation, err, want)
		}
	}
}
