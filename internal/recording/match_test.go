package recording

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gateway/internal/exchange"
	"gateway/internal/filter"
)

// TestEveryKeyIsAnswered: whatever a filter asks for, a row has it, and what it says is
// what the filter finds.
func TestEveryKeyIsAnswered(t *testing.T) {
	t.Parallel()
	rec := started(t)
	r := httptest.NewRequest(http.MethodGet, "/v1/orders?limit=3&access_token=hidden", nil)
	e := begin(rec, "id-1", r)
	e.x.Group, e.x.Version = exchange.Canary, "v1"
	e.respond(answers, content)
	rec.Record(e.x, r)
	row := &rec.Find("id-1").Row
	if row.Query != "limit=3&access_token=••••" || row.Path != "/v1/orders" {
		t.Errorf("got path %q, query %q", row.Path, row.Query)
	}
	for _, key := range filter.Keys() {
		f, err := filter.Parse(key + ":*")
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		f.Match(row) // and does not fall over a key that nobody knows
	}
	for text, want := range map[string]bool{
		"group:canary": true, "group:stable": false, "query:limit=3*": true, "limit=3": true, "hidden": false, "path:/v1/orders": true,
		"status:2xx": true, "bytes:1..1000": true, "version:v1 api:orders operation:getOrder route:/v1/orders/{id}": true, "id:id-1 -policy:auth": true,
	} {
		f, err := filter.Parse(text)
		if err != nil || f.Match(row) != want {
			t.Errorf("%s: want %t, %v", text, want, err)
		}
	}
	if strings.Contains(row.Query, "hidden") {
		t.Error("the query is not masked")
	}
}
