package change_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"gateway/internal/change"
)

// wide is a contract of n operations, each with a body, a response and parameters of its
// own; all use the schema Item, and each the one of its group.
func wide(n int, item string) string {
	var b strings.Builder
	b.WriteString("openapi: 3.1.0\ninfo: {title: Wide, version: \"1\"}\npaths:\n")
	for i := range n {
		fmt.Fprintf(&b, `  /things%[1]d/{id}:
    put:
      operationId: put%[1]d
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 100}}
      requestBody:
        content: {application/json: {schema: {$ref: "#/components/schemas/Thing%[1]d"}}}
      responses:
        "200":
          description: fine
          content: {application/json: {schema: {$ref: "#/components/schemas/Thing%[1]d"}}}
        "201":
          description: made
          content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Thing%[1]d"}}}}
`, i)
	}
	b.WriteString("components:\n  schemas:\n    Item: " + item + "\n")
	for i := range n {
		fmt.Fprintf(&b, "    Thing%[1]d: {type: object, required: [id], properties: {id: {type: string}, note%[1]d: {type: string}, items: {type: array, items: {$ref: \"#/components/schemas/Item\"}}, next: {$ref: \"#/components/schemas/Thing%[2]d\"}}}\n", i, (i+1)%min(n, 20))
	}
	return b.String()
}

// TestScale: a large contract, of which changes touch every operation, is compiled and
// proved with a bounded number of documents. With GATEWAY_SCALE=1000 it logs the times that
// docs/decisions/change-files.md quotes.
func TestScale(t *testing.T) {
	t.Parallel()
	operations := 12
	if text := os.Getenv("GATEWAY_SCALE"); text != "" {
		operations = number(text)
	}
	const item = `{type: object, required: [qty], properties: {qty: {type: integer, minimum: 0}, sku: {type: string, maxLength: 20}, price: {type: number}}}`
	w := versions(t).version(wide(operations, item)).
		version(wide(operations, strings.ReplaceAll(item, "qty", "quantity")), "description: d\nschema: Item\nsteps: [{rename: qty, to: quantity}]\n").
		version(wide(operations, strings.ReplaceAll(strings.ReplaceAll(item, "qty", "quantity"), "sku", "code")), "description: d\nschema: Item\nsteps: [{rename: sku, to: code}]\n")
	began := cpu(t)
	p := w.plan()
	compiled := cpu(t) - began
	result := p.Test(checker().Document, change.Budget{})
	proved := cpu(t) - began - compiled
	t.Logf("compiled in %v, proved in %v of processor: %d bodies, %d documents", compiled, proved, result.Bodies, result.Documents)
	if most := 3 * 8_000; result.Documents > most {
		t.Errorf("%d documents, more than %d", result.Documents, most)
	}
	if len(result.Counterexamples) > 0 {
		t.Errorf("%+v", result.Counterexamples[0])
	}
	if p.Carrier(w.versions[0].Contract.Operations[operations-1]) == nil {
		t.Error("an operation has no carrier")
	}
}

// cpu is the time that the process has had a processor for.
func cpu(t testing.TB) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
