package orders_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gateway/examples/services/orders"
)

const newOrder = `{"customer":{"email":"bob@example.com"},"items":[{"sku":"TEA-009","quantity":4}],"currency":"EUR"}`

// call sends one request and returns the status and the decoded body.
func call(t *testing.T, service http.Handler, method, target, body string, header ...string) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	service.ServeHTTP(w, r)
	var decoded map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &decoded); err != nil {
		t.Fatalf("%s %s: the body is not a JSON object: %v", method, target, err)
	}
	return w.Code, decoded
}

func firstItem(t *testing.T, order map[string]any) map[string]any {
	t.Helper()
	items, _ := order["items"].([]any)
	if len(items) == 0 {
		t.Fatalf("no items in %v", order)
	}
	item, _ := items[0].(map[string]any)
	return item
}

func TestLifeOfAnOrder(t *testing.T) {
	t.Parallel()
	service := orders.New(orders.Options{Now: func() time.Time { return time.Unix(1_700_000_000, 0) }})

	status, order := call(t, service, "POST", "/v2/orders", newOrder, "X-User-Id", "wim")
	if status != http.StatusCreated || order["status"] != "open" || order["created_by"] != "wim" || order["created_at"] != "2023-11-14T22:13:20Z" {
		t.Fatalf("create: got %d %v", status, order)
	}
	target := fmt.Sprintf("/v2/orders/%s", order["id"])

	for _, step := range []struct {
		method, target, body string
		status               int
		member               string
		want                 any
	}{
		{"GET", target, "", 200, "status", "open"},
		{"PATCH", target, `{"note":"ring twice"}`, 200, "note", "ring twice"},
		{"PATCH", target, `{"status":"paid"}`, 200, "status", "paid"},
		{"PUT", target, strings.Replace(newOrder, "EUR", "USD", 1), 200, "currency", "USD"},
		{"POST", target + "/cancel", "", 200, "status", "cancelled"},
		{"POST", target + "/cancel", "", 200, "status", "cancelled"},
		{"PATCH", target, `{"note":"too late"}`, 409, "status", 409.0},
		{"PUT", target, newOrder, 409, "status", 409.0},
		{"POST", "/v2/orders/ord_000003/cancel", "", 409, "status", 409.0},
		{"GET", "/v2/orders/ord_999999", "", 404, "status", 404.0},
		{"POST", "/v2/orders/ord_999999/cancel", "", 404, "status", 404.0},
		{"POST", "/v2/orders", `[`, 400, "status", 400.0},
		{"GET", "/v2/health", "", 200, "status", "ok"},
	} {
		status, body := call(t, service, step.method, step.target, step.body)
		if status != step.status || body[step.member] != step.want {
			t.Errorf("%s %s: got %d with %s = %v, want %d with %v", step.method, step.target, status, step.member, body[step.member], step.status, step.want)
		}
	}
}

func TestSpeaksBothVersions(t *testing.T) {
	t.Parallel()
	service := orders.New(orders.Options{})
	_, order := call(t, service, "POST", "/v1/orders", strings.Replace(newOrder, "quantity", "qty", 1))
	id := fmt.Sprint(order["id"])

	for _, test := range []struct {
		target, header, has, lacks string
	}{
		{"/v1/orders/" + id, "", "qty", "quantity"},
		{"/v2/orders/" + id, "", "quantity", "qty"},
		{"/orders/" + id, "", "quantity", "qty"},
		{"/orders/" + id, "v1", "qty", "quantity"},
		{"/v2/orders/" + id, "v1", "quantity", "qty"},
	} {
		_, order := call(t, service, "GET", test.target, "", "API-Version", test.header)
		item := firstItem(t, order)
		if item[test.has] != 4.0 || item[test.lacks] != nil {
			t.Errorf("%s with API-Version %q: got %v, want %s = 4", test.target, test.header, item, test.has)
		}
	}
}

func TestPagesAndFilters(t *testing.T) {
	t.Parallel()
	service := orders.New(orders.Options{}) // three orders: open, paid, shipped
	for range 4 {
		call(t, service, "POST", "/v2/orders", newOrder)
	}
	for _, test := range []struct {
		query string
		ids   string
		next  string
	}{
		{"", "1 2 3 4 5 6 7", ""},
		{"limit=3", "1 2 3", "ord_000003"},
		{"limit=3&cursor=ord_000003", "4 5 6", "ord_000006"},
		{"limit=3&cursor=ord_000006", "7", ""},
		{"limit=4&cursor=ord_000003", "4 5 6 7", ""},
		{"status=paid", "2", ""},
		{"status=open&limit=2", "1 4", "ord_000004"},
		{"status=cancelled", "", ""},
	} {
		_, page := call(t, service, "GET", "/v2/orders?"+test.query, "")
		var ids []string
		for _, order := range page["orders"].([]any) {
			id, _ := order.(map[string]any)["id"].(string)
			ids = append(ids, strings.TrimLeft(strings.TrimPrefix(id, "ord_"), "0"))
		}
		next, _ := page["next_cursor"].(string)
		if got := strings.Join(ids, " "); got != test.ids || next != test.next {
			t.Errorf("%q: got orders %q and cursor %q, want %q and %q", test.query, got, next, test.ids, test.next)
		}
	}
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	service := orders.New(orders.Options{})
	_, first := call(t, service, "POST", "/v2/orders", newOrder, "Idempotency-Key", "k-1")
	_, again := call(t, service, "POST", "/v2/orders", newOrder, "Idempotency-Key", "k-1")
	_, other := call(t, service, "POST", "/v2/orders", newOrder, "Idempotency-Key", "k-2")
	if first["id"] != again["id"] || first["id"] == other["id"] {
		t.Errorf("got %v, %v and %v, want the same order for the same key only", first["id"], again["id"], other["id"])
	}
}

func TestModes(t *testing.T) {
	t.Parallel()
	service := orders.New(orders.Options{Delay: 20 * time.Millisecond})

	start := time.Now()
	if status, _ := call(t, service, "GET", "/v2/health", "", orders.ModeHeader, "slow"); status != 200 || time.Since(start) < 20*time.Millisecond {
		t.Errorf("slow: got %d after %s, want 200 after at least 20ms", status, time.Since(start))
	}
	if status, body := call(t, service, "GET", "/v2/orders/ord_000001", "", orders.ModeHeader, "lie"); status != 200 || body["id"] != 1.0 {
		t.Errorf("lie: got %d %v, want 200 and a number for an id", status, body)
	}
	var got []string
	for range 4 {
		got = append(got, flaky(service))
	}
	if want := "200 503 200 cut"; strings.Join(got, " ") != want {
		t.Errorf("flaky: got %v, want %s", got, want)
	}
	if _, err := orders.ParseMode("grumpy"); err == nil {
		t.Error("ParseMode accepted an unknown word")
	}
}

func flaky(service http.Handler) (outcome string) {
	defer func() {
		if recover() == http.ErrAbortHandler {
			outcome = "cut"
		}
	}()
	r := httptest.NewRequest("GET", "/v2/health", nil)
	r.Header.Set(orders.ModeHeader, "flaky")
	w := httptest.NewRecorder()
	service.ServeHTTP(w, r)
	return fmt.Sprint(w.Code)
}
