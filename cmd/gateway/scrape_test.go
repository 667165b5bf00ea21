package main_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gateway/internal/gatewaytest"
)

// BenchmarkScrape is what Prometheus asks every few seconds of a gateway whose contract has
// 1,000 operations, when all of them have been used: everything that is registered, as text,
// compressed as Prometheus wants it. The budget is 100 ms.
func BenchmarkScrape(b *testing.B) {
	const routes = 1000
	text := "openapi: 3.1.0\ninfo: {title: Many, version: \"1\"}\npaths:\n"
	for n := range routes {
		text += fmt.Sprintf("  /r%d/{id}:\n    parameters: [{name: id, in: path, required: true, schema: {type: integer}}]\n    get: {operationId: op%d, responses: {\"200\": {description: Fine}}}\n", n, n)
	}
	contract := filepath.Join(b.TempDir(), "many.yaml")
	if err := os.WriteFile(contract, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	gw := gatewaytest.New(b, ":9464 {\n\tmetrics /metrics\n}\n:8080 {\n\tapi many {\n\t\tcontract "+contract+"\n\t\tratelimit 1000000/1s\n\t\trespond hello\n\t}\n}\n")
	for n := range routes {
		for _, id := range []string{"1", "x"} { // one good, one refused
			r := httptest.NewRequest(http.MethodGet, fmt.Sprintf("http://localhost:8080/r%d/%s", n, id), nil)
			if code := gw.On(":8080").Serve(r).Code; code != http.StatusOK && code != http.StatusBadRequest && code != http.StatusUnprocessableEntity {
				b.Fatalf("got %d", code)
			}
		}
	}
	r := httptest.NewRequest(http.MethodGet, "http://localhost:9464/metrics", nil)
	if body := gw.On(":9464").Serve(r).Body.String(); strings.Count(body, "gateway_requests_total{") < 2*routes {
		b.Fatal("not all routes are in use")
	}
	r.Header.Set("Accept-Encoding", "gzip")
	r.Header.Set("Accept", "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4")
	b.ReportAllocs()
	var before, after syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		b.Fatal(err)
	}
	size := 0
	for b.Loop() {
		size = gw.On(":9464").Serve(r).Body.Len()
	}
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil {
		b.Fatal(err)
	}
	// The time of the processor does not mind what else the machine does.
	b.ReportMetric(float64(after.Utime.Nano()+after.Stime.Nano()-before.Utime.Nano()-before.Stime.Nano())/1e6/float64(b.N), "cpu-ms/op")
	b.ReportMetric(float64(size), "bytes")
}
