package validate

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gateway/internal/openapi"
)

// shopOperations compiles the contract in testdata.
func shopOperations(t testing.TB) map[string]*operation {
	t.Helper()
	c, err := openapi.Load(filepath.Join("testdata", "api", "shop", "v1", "openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	compiler, err := newContract(c, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	compiled := make(map[string]*operation)
	for _, op := range c.Operations {
		if compiled[op.ID], err = compiler.operation(op, &testSettings); err != nil {
			t.Fatal(err)
		}
	}
	return compiled
}

// rewind is a body that can be sent again without being made again.
type rewind struct{ bytes.Reader }

func (*rewind) Close() error { return nil }

// hotPaths are requests that pass, with the allocations that their check may cost.
func hotPaths(t testing.TB) map[string]struct {
	check  func() bool
	allocs float64
} {
	ops := shopOperations(t)
	get := httptest.NewRequest("GET", "/orders/42", nil)
	list := httptest.NewRequest("GET", "/orders?limit=10", nil)
	list.Header["X-Tenant"] = []string{"acme"}
	order := orderText()
	s := orderSchema(t)
	create := &operation{name: "create", parameters: new(parameters), settings: &testSettings,
		body: &body{required: true, media: []media{{name: "application/json", kind: contentJSON, schema: s}}}}
	post := httptest.NewRequest("POST", "/orders", strings.NewReader(""))
	post.Header["Content-Type"] = []string{"application/json"}
	sent := new(rewind)
	return map[string]struct {
		check  func() bool
		allocs float64
	}{
		"path":  {func() bool { return ops["getOrder"].decide(get, []string{"42"}, "v1") == nil }, 0},
		"query": {func() bool { return ops["listOrders"].decide(list, nil, "v1") == nil }, 0},
		"body": {func() bool {
			sent.Reset([]byte(order))
			post.Body, post.ContentLength = sent, int64(len(order))
			defer finish(post)
			return create.decide(post, nil, "v1") == nil
		}, 3}, // what arrives, and the way to read it again
	}
}

func TestHotPathAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for name, path := range hotPaths(t) {
		if !path.check() {
			t.Errorf("%s: refused", name)
		}
		if allocs := testing.AllocsPerRun(200, func() { path.check() }); allocs > path.allocs {
			t.Errorf("%s: %v allocations, want at most %v", name, allocs, path.allocs)
		}
	}
}

// orderText is an order of about 1 KB, as a client would send it.
func orderText() string {
	var items []string
	for i := range 8 {
		items = append(items, fmt.Sprintf(`{"sku": "SKU-%04d", "quantity": %d, "price": %d.%02d, "gift": %v}`, i, i+1, i*3, i*7, i%2 == 0))
	}
	return `{"id": "123e4567-e89b-12d3-a456-426614174000", "customer": {"name": "Grace Hopper", "email": "grace@example.com", "address": {"street": "1 Main Street", "city": "Arlington", "country": "US"}},
 "created": "2026-01-31T09:30:00Z", "status": "open", "note": "please ring twice", "tags": ["new", "priority", "export"], "payment": {"kind": "card", "number": "4111111111111111", "expiry": "12/29"}, "items": [` + strings.Join(items, ", ") + `]}`
}

func orderSchema(t testing.TB) *schema { return mustSchema(t, orderSchemaText) }

const orderSchemaText = `{"type":"object","required":["id","customer","items","payment"],"additionalProperties":false,"properties":{
		"id":{"type":"string","format":"uuid"},"created":{"type":"string","format":"date-time"},"note":{"type":"string","maxLength":200},
		"status":{"enum":["open","paid","closed"]},"tags":{"type":"array","items":{"type":"string","pattern":"^[a-z]+$"},"maxItems":10,"uniqueItems":true},
		"customer":{"type":"object","required":["name","email"],"properties":{"name":{"type":"string","minLength":1},"email":{"type":"string","format":"email"},
			"address":{"type":"object","properties":{"street":{"type":"string"},"city":{"type":"string"},"country":{"type":"string","pattern":"^[A-Z]{2}$"}}}}},
		"payment":{"oneOf":[
			{"type":"object","properties":{"kind":{"const":"iban"},"iban":{"type":"string"}},"required":["kind","iban"]},
			{"type":"object","properties":{"kind":{"const":"card"},"number":{"type":"string"}},"required":["kind","number"]}]},
		"items":{"type":"array","minItems":1,"items":{"$ref":"#/$defs/item"}}},
		"$defs":{"item":{"type":"object","required":["sku","quantity"],"properties":{"sku":{"type":"string","pattern":"^SKU-[0-9]{4}$"},
			"quantity":{"type":"integer","minimum":1,"maximum":1000},"price":{"type":"number","minimum":0,"multipleOf":0.01},"gift":{"type":"boolean"}}}}}`

func BenchmarkDecide(b *testing.B) {
	for name, path := range hotPaths(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				path.check()
			}
		})
	}
}

// TestBodyArrivesUnchanged reads the body as the next handlers do, twice.
func TestBodyArrivesUnchanged(t *testing.T) {
	t.Parallel()
	text := orderText()
	o := &operation{name: "create", parameters: new(parameters), settings: &testSettings,
		body: &body{media: []media{{name: "application/json", kind: contentJSON, schema: orderSchema(t)}}}}
	for _, length := range []int64{int64(len(text)), -1} {
		r, _ := http.NewRequest("POST", "/", strings.NewReader(text))
		r.ContentLength = length
		r.Header.Set("Content-Type", "application/json")
		if refusal := o.decide(r, nil, ""); refusal != nil {
			t.Fatalf("refused: %v", texts(refusal))
		}
		first, err1 := io.ReadAll(r.Body)
		again, err := r.GetBody()
		if err != nil || err1 != nil {
			t.Fatal(err, err1)
		}
		second, _ := io.ReadAll(again)
		if string(first) != text || string(second) != text || r.ContentLength != int64(len(text)) {
			t.Errorf("length %d: the body changed", length)
		}
	}
}

// TestIdentifiedSchema has references relative to an "$id" that is no place of a file.
func TestIdentifiedSchema(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("order.json", `{"$id":"https://example.com/schemas/order.json","properties":{"quantity":{"$ref":"quantity.json"}}}`)
	write("quantity.json", `{"type":"integer"}`)
	s, err := compileFile(filepath.Join(folder, "order.json"))
	if err != nil {
		t.Fatal(err)
	}
	if verdict(t, s, `{"quantity":"x"}`) || !verdict(t, s, `{"quantity":1}`) {
		t.Error("the file beside the schema does not count")
	}
}
