package validate_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
)

// refusedRequests are requests to the contract in testdata. What their senders read
// stands in testdata/requests.golden.
var refusedRequests = []struct {
	method, target string
	header         []string
}{
	{"GET", "/v1/orders", nil},
	{"GET", "/v1/orders?limit=0", acme},
	{"GET", "/v1/orders?limit=ten", acme},
	{"GET", "/v1/orders?limit=1.5", acme},
	{"GET", "/v1/orders?limit=", acme},
	{"GET", "/v1/orders?limit=1&limit=2", acme},
	{"GET", "/v1/orders?limit=1&l%69mit=2", acme},
	{"GET", "/v1/orders?limt=1", acme},
	{"GET", "/v1/orders?status=opne", acme},
	{"GET", "/v1/orders?status=OPEN", acme},
	{"GET", "/v1/orders?ids=1,2,x", acme},
	{"GET", "/v1/orders?ids=1,2,3,4", acme},
	{"GET", "/v1/orders?ids=1&ids=2", acme},
	{"GET", "/v1/orders?filter[from]=yesterday", acme},
	{"GET", "/v1/orders?filter[other]=1", acme},
	{"GET", "/v1/orders?filter[", acme},
	{"GET", "/v1/orders?filter=x", acme},
	{"GET", "/v1/orders?where=nojson", acme},
	{"GET", "/v1/orders?where=%7B%22a%22:1,%22a%22:2%7D", acme},
	{"GET", "/v1/orders?where=%7B%7D", acme},
	{"GET", "/v1/orders?a=%zz", acme},
	{"GET", "/v1/orders?a=%ff", acme},
	{"GET", "/v1/orders?" + strings.Repeat("a&", 1001), acme},
	{"GET", "/v1/orders", append([]string{"Cookie", "session=abc"}, acme...)},
	{"GET", "/v1/orders", append([]string{"Cookie", "session=abcd; session=x"}, acme...)},
	{"GET", "/v1/orders", []string{"X-Tenant", "a", "X-Tenant", "b"}},
	{"GET", "/v1/orders", []string{"X-Tenant", ""}},
	{"GET", "/v1/orders", []string{"X-Tenant", "\xff"}},
	{"GET", "/v1/orders?limit=0&status=x&ids=a", []string{"Cookie", "session=a"}},
	{"GET", "/v1/orders", append([]string{"", "{}"}, acme...)},
	{"GET", "/v1/orders/0", nil},
	{"GET", "/v1/orders/x", nil},
	{"GET", "/v1/orders/3000000000", nil},
	{"POST", "/v1/orders", nil},
	{"POST", "/v1/orders", []string{"", "{}"}},
	{"POST", "/v1/orders", []string{"Content-Type", "text/xml", "", "<a/>"}},
	{"POST", "/v1/orders", []string{"Content-Type", "application/json", "Content-Encoding", "br", "", "x"}},
	{"POST", "/v1/orders", []string{"Content-Type", "application/json", "Content-Encoding", "gzip", "", "x"}},
	{"POST", "/v1/orders", []string{"Content-Type", "application/json", "", `{"quantity":1,}`}},
	{"POST", "/v1/orders", []string{"Content-Type", "application/json", "", `{"quantity":1,"quantity":2}`}},
	{"POST", "/v1/orders", []string{"Content-Type", "application/json", "", strings.Repeat("[", 100)}},
	{"POST", "/v1/orders", []string{"Content-Type", "application/json", "", `{"quantity":"1","quanttiy":1,"email":"x","id":"a"}`}},
	{"POST", "/v1/orders", []string{"Content-Type", "application/json", "", `"` + strings.Repeat("a", 2000) + `"`}},
	{"POST", "/v1/orders", []string{"Content-Type", "application/x-www-form-urlencoded", "", "quantity=0&extra=1"}},
	{"POST", "/v1/orders", []string{"Content-Type", "application/x-www-form-urlencoded", "", "quantity=x&email=%zz"}},
	{"POST", "/v1/orders", []string{"Content-Type", "application/x-www-form-urlencoded", "", "%zz=1"}},
	{"POST", "/v1/orders", []string{"Content-Type", "application/x-www-form-urlencoded", "", "quantity=1&quantity=2"}},
	{"POST", "/v1/uploads", []string{"Content-Type", "multipart/form-data", "", "x"}},
	{"POST", "/v1/uploads", []string{"Content-Type", "multipart/form-data; boundary=x", "", "--x"}},
	{"POST", "/v1/uploads", []string{"Content-Type", "multipart/form-data; boundary=x", "", "--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--"}},
	{"POST", "/v1/uploads", []string{"Content-Type", "multipart/form-data; boundary=x", "", "--x--\r\nbehind"}},
	{"POST", "/v1/uploads", []string{"Content-Type", "multipart/form-data; boundary=x", "", "--x\r\nContent-Disposition: form-data; name=title; filename=a\r\n\r\n1\r\n--x--"}},
	{"POST", "/v1/uploads", []string{"Content-Type", "multipart/form-data; boundary=x", "", "--x\r\nContent-Disposition: form-data; name=file; filename=a\r\nContent-Type: text/html\r\n\r\n1\r\n--x--"}},
	{"POST", "/v1/uploads", []string{"Content-Type", "multipart/form-data; boundary=x", "", "--x\r\nContent-Disposition: form-data; name=title\r\nContent-Type: text/plain; charset=latin1\r\n\r\n1\r\n--x--"}},
	{"PUT", "/v1/orders/7", []string{"Content-Type", "text/plain", "", "longer"}},
	{"PUT", "/v1/orders/7", []string{"Content-Type", "application/json", "", "{}"}},
}

var acme = []string{"X-Tenant", "acme"}

func TestRefusedRequests(t *testing.T) {
	t.Parallel()
	gw := shop(t, "validate {\n\t\t\tmax_body 1KiB\n\t\t\tunknown_query reject\n\t\t}")
	var text strings.Builder
	for _, r := range refusedRequests {
		resp := gw.Do(r.method, r.target, r.header...)
		p := resp.Problem()
		if p.Code == "" {
			t.Errorf("%s %.60s %q: not refused: %d %s", r.method, r.target, r.header, resp.Code, resp.Body)
			continue
		}
		fmt.Fprintf(&text, "%s %.70s", r.method, r.target)
		for i := 0; i+1 < len(r.header); i += 2 {
			fmt.Fprintf(&text, " %s: %.70q", r.header[i], r.header[i+1])
		}
		fmt.Fprintf(&text, "\n%d %s: %s. %s\n", resp.Code, p.Code, p.Title, p.Detail)
		for _, e := range p.Errors {
			where := fmt.Sprint(e["in"], " ", e["parameter"])
			if pointer, ok := e["pointer"]; ok {
				where = fmt.Sprintf("%q", pointer)
			}
			expected, _ := json.Marshal(e["expected"])
			fmt.Fprintf(&text, "  %s %s\n    %s %s\n", where, e["message"], e["rule"], expected)
			if e["hint"] != nil {
				fmt.Fprintf(&text, "    hint: %s\n", e["hint"])
			}
		}
		text.WriteByte('\n')
	}
	gatewaytest.Golden(t, "testdata/requests.golden", []byte(text.String()))
}
