package validate

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// kinFilter checks an order with the request filter of kin-openapi.
func kinFilter(t testing.TB, schema string) func(text string) error {
	contract := `{"openapi":"3.1.0","info":{"title":"T","version":"1"},"components":{"schemas":` +
		schema[strings.Index(schema, `"$defs":`)+len(`"$defs":`):strings.LastIndexByte(schema, '}')] + `},
		"paths":{"/orders":{"post":{"requestBody":{"required":true,"content":{"application/json":{"schema":` +
		strings.ReplaceAll(schema[:strings.Index(schema, `,
		"$defs":`)], "#/$defs/", "#/components/schemas/") + `}}}},"responses":{"200":{"description":"OK"}}}}}}`
	doc, err := openapi3.NewLoader().LoadFromData([]byte(contract))
	if err != nil {
		t.Fatal(err)
	}
	item := doc.Paths.Value("/orders")
	route := &routers.Route{Spec: doc, Path: "/orders", PathItem: item, Method: "POST", Operation: item.Post}
	return func(text string) error {
		r, err := http.NewRequest("POST", "/orders", bytes.NewReader([]byte(text)))
		if err != nil {
			return err
		}
		r.Header["Content-Type"] = []string{"application/json"}
		return openapi3filter.ValidateRequest(context.Background(), &openapi3filter.RequestValidationInput{
			Request: r, Route: route, Options: &openapi3filter.Options{MultiError: true},
		})
	}
}

// BenchmarkOrder compares the ways to check an order of 1 KB with merely decoding it.
// The whole check is what a request costs: the body is read and put back for the
// service.
func BenchmarkOrder(b *testing.B) {
	text, s := orderText(), orderSchema(b)
	run := func(name string, check func() bool) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if !check() {
					b.Fatal("refused")
				}
			}
		})
	}
	run("decode with encoding/json", func() bool {
		var v any
		return json.Unmarshal([]byte(text), &v) == nil
	})
	run("scan and check", func() bool {
		d := newDocument(text)
		defer d.release()
		return d.scan(&testBounds) == nil && d.accepted(s.node)
	})
	whole := hotPaths(b)["body"]
	run("whole request", whole.check)
	run("jsonschema v5 and decoding", func() bool {
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		var v any
		return decoder.Decode(&v) == nil && s.compiled.Validate(v) == nil
	})
	filter := kinFilter(b, orderSchemaText)
	run("kin-openapi's filter", func() bool { return filter(text) == nil })
}

// TestKinFilter: what is compared does the same.
func TestKinFilter(t *testing.T) {
	t.Parallel()
	filter := kinFilter(t, orderSchemaText)
	if err := filter(orderText()); err != nil {
		t.Error(err)
	}
	if filter(strings.Replace(orderText(), `"quantity": 1,`, `"quantity": 0,`, 1)) == nil {
		t.Error("a wrong order passes")
	}
}
