package change_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"gateway/internal/change"
)

// What expressions cost has a bound for each document, however many places they apply to
// and whatever a client puts there. What a person writes stays far below it.
func TestExpressionsAreBounded(t *testing.T) {
	const n = 4_000
	items := `"items":[` + strings.TrimSuffix(strings.Repeat(`{"p":1},`, n), ",") + `]`
	long := strings.Repeat("x", 80_000)
	tags := `"tags":[` + strings.TrimSuffix(strings.Repeat(`"t",`, n), ",") + `]`
	const thing = `{type: object, properties: {unit: {}, tags: {type: array, items: {type: string}}, items: {type: array, items: {type: object, properties: {p: {}}}}}}`
	const much = "the expressions of the changes cost too much for a document of this length"
	const none = "the expression of the change has no result for this value"
	for _, test := range []struct{ place, forward, body, want string }{
		{"items/*/p", "string(value) + ' EUR'", `{"unit":"EUR",` + items + `}`, ""},
		{"items/*/p", "string(value) + self.unit", `{"unit":"` + long + `",` + items + `}`, much},
		{"items/*/p", "self.tags", `{` + tags + `,` + items + `}`, much},
		{"items/*/p", "self.tags.exists(t, t == value)", `{` + tags + `,` + items + `}`, much},
		{"unit", "self.items.map(i, value)", `{"unit":"` + strings.Repeat("y", 20*n) + `",` + items + `}`, much},
		{"unit", "value.replace('x', value)", `{"unit":"` + long + `"}`, none},
		{"tags", "value.distinct()", `{` + tags + `}`, none},
	} {
		c := versions(t).version(shop(thing)).version(shop(thing), fmt.Sprintf(`
description: It is computed.
schema: Thing
steps:
  - cel: %s
    forward: %q
    back: value
`, test.place, test.forward)).carrier("putThing")
		r := change.Request{Method: "PUT", Header: http.Header{}, MediaType: "application/json", Body: []byte(test.body)}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := c.Request(&r)
		runtime.ReadMemStats(&after)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: got %v, want %q", test.forward, err, test.want)
		}
		if spent := (after.TotalAlloc - before.TotalAlloc) >> 20; spent > 100 {
			t.Errorf("%s: %d MiB allocated for a body of %d KiB", test.forward, spent, len(test.body)>>10)
		}
	}
}
