package api_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
	"gateway/internal/openapi"
)

// compose puts real contracts together to one with at least so many operations, each
// below a path of its own and with components of its own. It returns the file and
// the number of operations.
func compose(t testing.TB, want int) (file string, operations int) {
	t.Helper()
	real, err := filepath.Glob(filepath.Join(gatewaytest.Testdata(t, "openapi-specs"), "*", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	paths, components := map[string]any{}, map[string]any{}
	for i := 0; operations < want; i++ {
		c, err := openapi.Load(real[i%len(real)])
		if err != nil {
			continue // one of those that the gateway refuses; openapi tests which
		}
		var document map[string]any
		if err := json.Unmarshal(c.Document, &document); err != nil {
			t.Fatal(err)
		}
		prefixed(document, "c"+strconv.Itoa(i))
		for path, item := range object(document["paths"]) {
			paths["/c"+strconv.Itoa(i)+path] = item
		}
		for section, parts := range object(document["components"]) {
			if components[section] == nil {
				components[section] = map[string]any{}
			}
			for name, part := range object(parts) {
				object(components[section])["c"+strconv.Itoa(i)+name] = part
			}
		}
		operations += len(c.Operations)
	}
	delete(components, "securitySchemes")
	text, err := json.MarshalIndent(map[string]any{
		"openapi": "3.1.0", "info": map[string]any{"title": "Everything", "version": "1"}, "paths": paths, "components": components,
	}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), fmt.Sprintf("openapi-%d.json", want))
	write(t, file, string(text))
	return file, operations
}

func object(v any) map[string]any {
	o, _ := v.(map[string]any)
	return o
}

// prefixed renames what a document refers to, and takes out what only one contract
// can have.
func prefixed(v any, prefix string) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			prefixed(item, prefix)
		}
	case map[string]any:
		delete(v, "security")
		delete(v, "servers")
		for key, member := range v {
			text, isText := member.(string)
			switch {
			case isText && key == "operationId":
				v[key] = prefix + text
			case isText && strings.HasPrefix(text, "#/components/"):
				section, name, _ := strings.Cut(strings.TrimPrefix(text, "#/components/"), "/")
				v[key] = "#/components/" + section + "/" + prefix + name
			case isText && strings.HasPrefix(text, "#/paths/~1"):
				v[key] = "#/paths/~1" + prefix + strings.TrimPrefix(text, "#/paths/")
			default:
				prefixed(member, prefix)
			}
			if key == "mapping" { // of a discriminator, which may name schemas without a path
				for value, target := range object(member) {
					if name, _ := target.(string); name != "" && !strings.ContainsAny(name, "#/.") {
						object(member)[value] = prefix + name
					}
				}
			}
		}
	}
}

// large is a site with a composed contract. It returns a path of its first contract,
// which those of every size have, as well.
func large(t testing.TB, operations int) (caddyfile, path string, count int) {
	t.Helper()
	file, count := compose(t, operations)
	if info, err := os.Stat(file); err == nil {
		t.Logf("%d operations, %d KiB", count, info.Size()>>10)
	}
	caddyfile = fmt.Sprintf(":8080 {\n\tapi all {\n\t\tcontract %s\n\t\tauth off\n\t\tdocs\n\t\trespond ok\n\t}\n}\n", file)
	return caddyfile, "/c0/businessLines/7", count
}

// TestALargeContractCostsWhatItsPartsCost gates in allocations what the benchmarks
// measure in time: loading is linear in the number of operations, and a request costs
// the same whatever the size.
func TestALargeContractCostsWhatItsPartsCost(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	load := func(operations int) (each, request float64) {
		caddyfile, path, count := large(t, operations)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		gw := gatewaytest.New(t, caddyfile)
		runtime.ReadMemStats(&after)
		defer gw.Close()
		if got := gw.Do("GET", path).Code; got != 200 {
			t.Fatalf("%s is answered with %d", path, got)
		}
		return float64(after.Mallocs-before.Mallocs) / float64(count), testing.AllocsPerRun(200, serve(gw, "GET", path, nil))
	}
	smallEach, smallRequest := load(100)
	largeEach, largeRequest := load(1000)
	t.Logf("allocations for each operation: %.0f and %.0f; for a request: %.0f and %.0f", smallEach, largeEach, smallRequest, largeRequest)
	if largeEach > 1.3*smallEach {
		t.Errorf("an operation of 1000 costs %.0f allocations to load, one of 100 costs %.0f", largeEach, smallEach)
	}
	if math.Abs(largeRequest-smallRequest) > 1 { // pools forget now and then
		t.Errorf("a request to one of 1000 operations costs %.0f allocations, to one of 100 %.0f", largeRequest, smallRequest)
	}
}

func BenchmarkLoad(b *testing.B) {
	for _, operations := range []int{100, 1000} {
		b.Run(strconv.Itoa(operations), func(b *testing.B) {
			caddyfile, _, _ := large(b, operations)
			b.ReportAllocs()
			for b.Loop() {
				gatewaytest.New(b, caddyfile).Close()
			}
		})
	}
}

func BenchmarkRoute(b *testing.B) {
	for _, operations := range []int{1, 100, 1000} {
		b.Run(strconv.Itoa(operations), func(b *testing.B) {
			caddyfile, path, _ := large(b, operations)
			benchmark(b, serve(gatewaytest.New(b, caddyfile), "GET", path, nil))
		})
	}
}
