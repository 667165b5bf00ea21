package validate_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
)

// TestOperationOptions has options for single operations, from the Caddyfile and from
// the contract.
func TestOperationOptions(t *testing.T) {
	t.Parallel()
	gw := shop(t, "validate {\n\t\t\tmax_body 40B\n\t\t\toperation createOrder {\n\t\t\t\tmax_body 100B\n\t\t\t}\n\t\t\toperation listOrders {\n\t\t\t\tmode report\n\t\t\t}\n\t\t}")
	long := `{"quantity":1,"email":"someone.with.a.long.name@example.com"}`
	if resp := gw.Do("POST", "/v1/orders", "Content-Type", "application/json", "", long); resp.Code != 200 {
		t.Errorf("a body that this operation may have: %d %s", resp.Code, resp.Body)
	}
	if resp := gw.Do("PUT", "/v1/orders/7", "Content-Type", "text/plain", "", long); resp.Code != 413 {
		t.Errorf("a body that others may not have: %d %s", resp.Code, resp.Body)
	}
	if resp := gw.Do("GET", "/v1/orders?limit=x", "X-Tenant", "acme"); resp.Code != 200 {
		t.Errorf("an operation that only reports: %d %s", resp.Code, resp.Body)
	}
	if resp := gw.Do("GET", "/v1/orders/x"); resp.Code != 400 {
		t.Errorf("others: %d %s", resp.Code, resp.Body)
	}
	gw = shop(t, "validate {\n\t\t\tmode off\n\t\t\toperation listOrders {\n\t\t\t\tmode enforce\n\t\t\t}\n\t\t}")
	if resp := gw.Do("GET", "/v1/orders?limit=x", "X-Tenant", "acme"); resp.Code != 400 {
		t.Errorf("the only one that is enforced: %d %s", resp.Code, resp.Body)
	}
	if resp := gw.Do("GET", "/v1/orders/x"); resp.Code != 200 {
		t.Errorf("others, switched off: %d %s", resp.Code, resp.Body)
	}
}

// limited writes a contract that bounds bodies itself, and loads it.
func limited(t *testing.T, extension, options string) (*gatewaytest.Gateway, error) {
	t.Helper()
	folder := t.TempDir()
	contract := "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths:\n  /a:\n    post:\n      operationId: createA\n      " + extension +
		"\n      requestBody: {content: {application/json: {}}}\n      responses: {'200': {description: OK}}\n"
	if err := os.WriteFile(filepath.Join(folder, "openapi.yaml"), []byte(contract), 0o600); err != nil {
		t.Fatal(err)
	}
	gw, err := gatewaytest.LoadFile(t, filepath.Join(folder, "Caddyfile"), ":8080 {\n\tapi a {\n\t\tcontract openapi.yaml\n\t\tvalidate {\n"+options+"\t\t}\n\t\trespond ok\n\t}\n}\n")
	if err != nil {
		err = fmt.Errorf("%s", strings.ReplaceAll(err.Error(), folder+"/", ""))
	}
	return gw, err
}

func TestBodiesBoundedByTheContract(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		extension, options string
		limit              int
	}{
		{"x-max-body: 10", "", 10},
		{"x-max-body: 10B", "", 10},
		{"x-max-body: 2MiB", "", 2 << 20},
		{"x-max-body: 10", "\t\t\tmax_body 20B\n", 10},
		{"x-max-body: 10", "\t\t\toperation createA {\n\t\t\t\tmax_body 10B\n\t\t\t}\n", 10},
		{"x-other: 10", "\t\t\toperation createA {\n\t\t\t\tmax_body 11B\n\t\t\t}\n", 11},
	} {
		gw, err := limited(t, test.extension, test.options)
		if err != nil {
			t.Errorf("%s %s: %v", test.extension, test.options, err)
			continue
		}
		for extra, status := range map[int]int{0: 200, 1: 413} {
			text := `"` + strings.Repeat("a", test.limit-2+extra) + `"`
			if resp := gw.Do("POST", "/a", "Content-Type", "application/json", "", text); resp.Code != status {
				t.Errorf("%s %s, %d bytes: %d %s", test.extension, test.options, len(text), resp.Code, resp.Body)
			}
		}
	}
}

// TestOperationErrors is what a person reads about options that cannot be.
func TestOperationErrors(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for _, test := range []struct{ extension, options string }{
		{"x-other: 1", "operation"},
		{"x-other: 1", "operation createA"},
		{"x-other: 1", "operation createA {\n\t\t\t}"},
		{"x-other: 1", "operation creatA {\n\t\t\t\tmode report\n\t\t\t}"},
		{"x-other: 1", "operation createA {\n\t\t\t\tmode reprot\n\t\t\t}"},
		{"x-other: 1", "operation createA {\n\t\t\t\tmax_depth 3\n\t\t\t}"},
		{"x-other: 1", "operation createA {\n\t\t\t\tmode off\n\t\t\t\tmode off\n\t\t\t}"},
		{"x-other: 1", "operation POST /a {\n\t\t\t\tmode off\n\t\t\t}"},
		{"x-other: 1", "operation createA {\n\t\t\t\tmode off\n\t\t\t}\n\t\t\toperation createA {\n\t\t\t\tmax_body 1MiB\n\t\t\t}"},
		{"x-max-body: much", "max_depth 3"},
		{"x-max-body: 2GiB", "max_depth 3"},
		{"x-max-body: [1]", "max_depth 3"},
		{"x-max-body: 0", "max_depth 3"},
		{"x-max-body: 2MiB", "max_body 1MiB"},
		{"x-max-body: 2MiB", "operation createA {\n\t\t\t\tmax_body 1MiB\n\t\t\t}"},
	} {
		_, err := limited(t, test.extension, "\t\t\t"+test.options+"\n")
		if err == nil {
			t.Errorf("%s, %s: loaded", test.extension, test.options)
			continue
		}
		fmt.Fprintf(&text, "%s, %s\n%s\n\n", test.extension, strings.Join(strings.Fields(test.options), " "), err)
	}
	_, err := gatewaytest.LoadFile(t, "testdata/Caddyfile", ":8080 {\n\tvalidate order.json {\n\t\toperation a {\n\t\t\tmode off\n\t\t}\n\t}\n\trespond ok\n}\n")
	fmt.Fprintf(&text, "without a contract\n%v\n", err)
	gatewaytest.Golden(t, "testdata/operations.golden", []byte(strings.ReplaceAll(text.String(), gatewaytest.Root()+"/modules/validate/", "")))
}
