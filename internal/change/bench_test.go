package change_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"

	"gateway/internal/change"
)

// catalogue is a contract in which the schema Thing has a list of items, and 20 members
// of its own that changes may rename.
func catalogue(renamed int) string {
	var members []string
	for i := range 20 {
		name := "old"
		if i < renamed {
			name = "new"
		}
		members = append(members, fmt.Sprintf("%s%d: {type: string}", name, i))
	}
	return shop(`{type: object, properties: {` + strings.Join(members, ", ") + `, items: {type: array, items: {type: object, properties: {id: {type: integer}, text: {type: string}}}}}}`)
}

// renames are change files, one rename in each.
func renames(n int) (files []string) {
	for i := range n {
		files = append(files, fmt.Sprintf("description: d\nschema: Thing\nsteps: [{rename: old%d, to: new%d}]\n", i, i))
	}
	return files
}

// sized is a body of about so many bytes.
func sized(size int) string {
	var b strings.Builder
	b.WriteString("{")
	for i := range 20 {
		fmt.Fprintf(&b, `"old%d":"value",`, i)
	}
	b.WriteString(`"items":[`)
	for i := 0; b.Len() < size; i++ {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, `{"id":%d,"text":"some text that stands for others"}`, i)
	}
	b.WriteString("]}")
	return b.String()
}

func BenchmarkRequest(b *testing.B) {
	for _, size := range []int{1 << 10, 100 << 10} {
		body := sized(size)
		b.Run(fmt.Sprintf("plain/%dKB", size>>10), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				var v any
				if err := json.Unmarshal([]byte(body), &v); err != nil {
					b.Fatal(err)
				}
				if _, err := json.Marshal(v); err != nil {
					b.Fatal(err)
				}
			}
		})
		for _, n := range []int{1, 5, 20} {
			c := versions(b).version(catalogue(0)).version(catalogue(n), renames(n)...).carrier("putThing")
			b.Run(fmt.Sprintf("changes=%d/%dKB", n, size>>10), func(b *testing.B) {
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				for b.Loop() {
					r := change.Request{Method: "PUT", MediaType: "application/json", Body: []byte(body)}
					if err := c.Request(&r); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// TestCostByTouch: changes that do not touch a body cost nothing, and those that do cost
// little: allocations do not grow with the body.
func TestCostByTouch(t *testing.T) {
	cost := func(w *world, body string) float64 {
		c := w.carrier("putThing")
		least := math.Inf(1) // the race detector lets pools forget, now and then
		for range 50 {
			least = min(least, testing.AllocsPerRun(1, func() {
				r := change.Request{Method: "PUT", MediaType: "application/json", Body: []byte(body)}
				if err := c.Request(&r); err != nil {
					t.Fatal(err)
				}
			}))
		}
		return least
	}
	small, large := sized(1<<10), sized(100<<10)
	alone := cost(versions(t).version(catalogue(0)).version(catalogue(1), renames(1)...), small)
	// The schema Other changes 20 times, in operations of its own.
	other := func(thing string) string {
		text := catalogue(0)
		if thing != "" {
			text = thing
		}
		members := strings.TrimSpace(text[strings.Index(text, "    Thing:")+len("    Thing:"):])
		return strings.Replace(text, "components:", `  /others:
    post:
      operationId: postOther
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Other"}}}}
      responses: {"204": {description: fine}}
components:`, 1) + "    Other: " + members + "\n"
	}
	var files []string
	files = append(files, renames(1)...)
	for i := 1; i < 20; i++ {
		files = append(files, fmt.Sprintf("description: d\nschema: Other\nsteps: [{rename: old%d, to: new%d}]\n", i, i))
	}
	older := other("")
	newer := other(catalogue(1))
	newer = newer[:strings.Index(newer, "    Other:")] + "    Other: " + strings.TrimSpace(catalogue(20)[strings.Index(catalogue(20), "    Thing:")+len("    Thing:"):]) + "\n"
	newer = strings.Replace(newer, "    Other: {type: object, properties: {new0", "    Other: {type: object, properties: {old0", 1)
	among := cost(versions(t).version(older).version(newer, files...), small)
	if among > alone {
		t.Errorf("%v allocations among changes that touch something else, %v alone", among, alone)
	}
	if big := cost(versions(t).version(catalogue(0)).version(catalogue(1), renames(1)...), large); big > alone+4 {
		t.Errorf("%v allocations for 100 KB, %v for 1 KB: what nobody changes is opened", big, alone)
	}
	if five := cost(versions(t).version(catalogue(0)).version(catalogue(5), renames(5)...), small); five > alone+1 {
		t.Errorf("%v allocations for five changes, %v for one", five, alone)
	}
	// An operation that no change touches has no carrier, and its bodies are not read.
	w := versions(t).version(older).version(unchanged(newer), files[1:]...)
	if w.carrier("putThing") != nil {
		t.Error("an operation that nothing touches has a carrier")
	}
}

// unchanged is the contract with Thing as it was.
func unchanged(newer string) string { return strings.Replace(newer, "new0:", "old0:", 1) }

func BenchmarkHeader(b *testing.B) {
	c := readCase(b, "testdata/steps/places.txtar")
	carrier := c.plan().Carrier(c.operation("getThing"))
	b.ReportAllocs()
	for b.Loop() {
		r := change.Request{Method: "GET", Values: []string{"a"}, Query: "page_size=10&state=open", Header: http.Header{"X-Tenant": {"t"}}}
		if err := carrier.Request(&r); err != nil {
			b.Fatal(err)
		}
	}
}
