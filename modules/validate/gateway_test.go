package validate_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
)

// shop serves the contract in testdata and answers with the body that arrived.
func shop(t testing.TB, options string) *gatewaytest.Gateway {
	t.Helper()
	gw, err := gatewaytest.LoadFile(t, "testdata/Caddyfile", ":8080 {\n\tapi shop {\n\t\t"+options+"\n\t\trespond \"{http.request.body}\"\n\t}\n}\n")
	if err != nil {
		t.Fatal(err)
	}
	return gw
}

func TestContract(t *testing.T) {
	t.Parallel()
	gw := shop(t, "")
	tenant := []string{"X-Tenant", "acme"}
	for _, test := range []struct {
		method, target string
		header         []string
		status         int
		code           string
	}{
		{"GET", "/v1/orders", tenant, 200, ""},
		{"GET", "/v1/orders?limit=10&status=open&status=closed&ids=1,2,3", tenant, 200, ""},
		{"GET", "/v1/orders?filter%5Bfrom%5D=2026-01-31&filter[tags]=a&filter[tags]=b", tenant, 200, ""},
		{"GET", "/v1/orders?where=%7B%22a%22:1%7D", tenant, 200, ""},
		{"GET", "/v1/orders?%6Cimit=5&unknown=1", tenant, 200, ""},
		{"GET", "/v1/orders", nil, 400, "schema.header"},
		{"GET", "/v1/orders", []string{"X-Tenant", "ACME"}, 400, "schema.header"},
		{"GET", "/v1/orders", []string{"X-Tenant", "a", "X-Tenant", "b"}, 400, "schema.header"},
		{"GET", "/v1/orders?limit=0", tenant, 400, "schema.query"},
		{"GET", "/v1/orders?limit=abc", tenant, 400, "schema.query"},
		{"GET", "/v1/orders?limit=1&limit=2", tenant, 400, "schema.query"},
		{"GET", "/v1/orders?limit=1&%6Cimit=2", tenant, 400, "schema.query"},
		{"GET", "/v1/orders?limit=1%", tenant, 400, "schema.query"},
		{"GET", "/v1/orders?other=1%zz", tenant, 400, "schema.query"},
		{"GET", "/v1/orders?limit=1;limit=2", tenant, 400, "schema.query"},
		{"GET", "/v1/orders?status=lost", tenant, 400, "schema.query"},
		{"GET", "/v1/orders?ids=1,2,3,4", tenant, 400, "schema.query"},
		{"GET", "/v1/orders?ids=1&ids=2", tenant, 400, "schema.query"},
		{"GET", "/v1/orders?filter[from]=never", tenant, 400, "schema.query"},
		{"GET", "/v1/orders?filter[other]=1", tenant, 400, "schema.query"},
		{"GET", "/v1/orders?filter[a][b][c][d][e][f][g][h][i]=1", tenant, 400, "schema.query"},
		{"GET", "/v1/orders?filter[tags][99999999999]=1", tenant, 400, "schema.query"},
		{"GET", "/v1/orders?where=%7B%22a%22:1,%22a%22:2%7D", tenant, 400, "schema.query"},
		{"GET", "/v1/orders?where=%7B%7D", tenant, 400, "schema.query"},
		{"GET", "/v1/orders", []string{"X-Tenant", "acme", "Cookie", "session=abc"}, 400, "schema.cookie"},
		{"GET", "/v1/orders", []string{"X-Tenant", "acme", "Cookie", "session=abcd; session=x"}, 400, "schema.cookie"},
		{"GET", "/v1/orders", []string{"X-Tenant", "acme", "Cookie", "session=abcd; other=x"}, 200, ""},
		{"GET", "/v1/orders", []string{"X-Tenant", "acme", "", "{}"}, 415, "schema.content_type"},
		{"GET", "/v1/orders/7", nil, 200, ""},
		{"GET", "/v1/orders/0", nil, 400, "schema.path"},
		{"GET", "/v1/orders/x", nil, 400, "schema.path"},
		{"GET", "/v1/orders/3000000000", nil, 400, "schema.path"},
		{"PUT", "/v1/orders/7", nil, 200, ""},
		{"PUT", "/v1/orders/7", []string{"Content-Type", "text/plain", "", "short"}, 200, ""},
		{"PUT", "/v1/orders/7", []string{"Content-Type", "text/plain", "", "longer"}, 422, "schema.body"},
		{"PUT", "/v1/orders/7", []string{"Content-Type", "application/merge-patch+json", "", "{}"}, 200, ""},
		{"PUT", "/v1/orders/7", []string{"Content-Type", "image/png", "", "\x89PNG"}, 200, ""},
		{"PUT", "/v1/orders/7", []string{"Content-Type", "application/json", "", "{}"}, 415, "schema.content_type"},
	} {
		resp := gw.Do(test.method, test.target, test.header...)
		if resp.Code != test.status || resp.Problem().Code != test.code {
			t.Errorf("%s %s %v: got %d %s, want %d %s", test.method, test.target, test.header, resp.Code, resp.Body, test.status, test.code)
		}
	}
}

func TestBody(t *testing.T) {
	t.Parallel()
	gw := shop(t, "validate {\n\t\t\tmax_body 1KiB\n\t\t\tmax_depth 8\n\t\t}")
	const form = "application/x-www-form-urlencoded"
	for _, test := range []struct {
		contentType, body string
		status            int
		code              string
	}{
		{"application/json", ` { "quantity" : 1.0e0 } `, 200, ""},
		{"application/json; charset=utf-8", `{"quantity":1}`, 200, ""},
		{"Application/JSON;charset=UTF-8", `{"quantity":1}`, 200, ""},
		{"application/json", `{"quantity":0}`, 422, "schema.body"},
		{"application/json", `{"quantity":1,"id":"mine"}`, 422, "schema.body"},
		{"application/json", `{"quantity":1,"extra":1}`, 422, "schema.body"},
		{"application/json", `{}`, 422, "schema.body"},
		{"application/json", ``, 422, "schema.body"},
		{"application/json", `null`, 422, "schema.body"},
		{"application/json", `{"quantity":1`, 400, "schema.not_json"},
		{"application/json", `{"quantity":1}{}`, 400, "schema.not_json"},
		{"application/json", "\xef\xbb\xbf{}", 400, "schema.not_json"},
		{"application/json", `{"quantity":NaN}`, 400, "schema.not_json"},
		{"application/json", `{"quantity":1,"quantity":2}`, 400, "schema.duplicate_key"},
		{"application/json", `{"quantity":1,"\u0071uantity":2}`, 400, "schema.duplicate_key"},
		{"application/json", `{"quantity":1e9999999}`, 400, "schema.too_deep"},
		{"application/json", strings.Repeat("[", 500), 400, "schema.too_deep"},
		{"application/json", `{"quantity":1,"tags":["` + strings.Repeat("a", 1024) + `"]}`, 413, "schema.too_large"},
		{"", `{"quantity":1}`, 415, "schema.content_type"},
		{"text/json", `{"quantity":1}`, 415, "schema.content_type"},
		{"application/json; charset=latin1", `{"quantity":1}`, 415, "schema.content_type"},
		{"application/json, text/plain", `{"quantity":1}`, 415, "schema.content_type"},
		{"application/json; charset=utf-8; charset=utf-16", `{"quantity":1}`, 415, "schema.content_type"},
		{form, `quantity=2&tags=a&tags=b&email=a%40example.com`, 200, ""},
		{form, `quantity=0`, 422, "schema.body"},
		{form, `quantity=x`, 422, "schema.body"},
		{form, `quantity=1&quantity=2`, 422, "schema.body"},
		{form, `quantity=1&extra=1`, 422, "schema.body"},
		{form, `quantity=1&email=%zz`, 422, "schema.body"},
		{form, `tags=a`, 422, "schema.body"},
	} {
		for _, chunked := range []bool{false, true} {
			r := httptest.NewRequest("POST", "/v1/orders", strings.NewReader(test.body))
			if chunked {
				r.ContentLength = -1
			}
			if test.contentType != "" {
				r.Header.Set("Content-Type", test.contentType)
			}
			resp := gw.Serve(r)
			if resp.Code != test.status || resp.Problem().Code != test.code {
				t.Errorf("%s %.60q (chunked %v): got %d %s, want %d %s", test.contentType, test.body, chunked, resp.Code, resp.Body, test.status, test.code)
			}
			if resp.Code == 200 && resp.Body.String() != test.body {
				t.Errorf("%q arrived as %q", test.body, resp.Body)
			}
		}
	}
}

func TestEncodedBody(t *testing.T) {
	t.Parallel()
	gw := shop(t, "")
	for encoding, status := range map[string]int{"gzip": 400, "identity": 200, "": 200, "br": 415, "gzip, gzip": 415} {
		resp := gw.Do("POST", "/v1/orders", "Content-Type", "application/json", "Content-Encoding", encoding, "", `{"quantity":1}`)
		if resp.Code != status || status == 415 && resp.Header().Get("Accept-Encoding") != "gzip, deflate, zstd" {
			t.Errorf("%q: got %d %v", encoding, resp.Code, resp.Header())
		}
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = w.Write([]byte(`{"quantity":1}`))
	w.Close()
	encoded := []string{"Content-Type", "application/json", "Content-Encoding", "gzip", "", zipped.String()}
	if resp := gw.Do("POST", "/v1/orders", encoded...); resp.Code != 200 || resp.Body.String() != zipped.String() {
		t.Errorf("gzip: got %d %q", resp.Code, resp.Body)
	}
	off := shop(t, "validate {\n\t\t\tdecode off\n\t\t}")
	if resp := off.Do("POST", "/v1/orders", encoded...); resp.Code != 415 || resp.Header().Get("Accept-Encoding") != "identity" {
		t.Errorf("decode off: got %d %v", resp.Code, resp.Header())
	}
	one := shop(t, "validate {\n\t\t\tdecode zstd\n\t\t}")
	if resp := one.Do("POST", "/v1/orders", encoded...); resp.Code != 415 || resp.Header().Get("Accept-Encoding") != "zstd" {
		t.Errorf("decode zstd: got %d %v", resp.Code, resp.Header())
	}
	two := gw.Do("POST", "/v1/orders", "Content-Type", "application/json", "Content-Type", "text/plain", "", `{"quantity":1}`)
	if two.Code != 415 || two.Header().Get("Accept") != "application/json, application/x-www-form-urlencoded" {
		t.Errorf("two content types: %d %v", two.Code, two.Header())
	}
}

func TestUpload(t *testing.T) {
	t.Parallel()
	gw := shop(t, "")
	type field struct{ name, file, mediaType, text string }
	for name, test := range map[string]struct {
		fields []field
		status int
		want   string
	}{
		"good":        {[]field{{"title", "", "", "x"}, {"count", "", "", "3"}, {"meta", "", "application/json", `{"a":1}`}, {"file", "a.png", "image/png", "\xff\x00"}}, 200, ""},
		"no file":     {[]field{{"title", "", "", "x"}}, 422, "/file"},
		"bad count":   {[]field{{"title", "", "", "x"}, {"count", "", "", "three"}, {"file", "a.png", "image/png", ""}}, 422, "/count"},
		"bad meta":    {[]field{{"title", "", "", "x"}, {"meta", "", "", `{}`}, {"file", "a.png", "image/png", ""}}, 422, "/meta/a"},
		"wrong type":  {[]field{{"title", "", "", "x"}, {"file", "a.exe", "application/octet-stream", ""}}, 422, "/file"},
		"two titles":  {[]field{{"title", "", "", "x"}, {"title", "", "", "y"}, {"file", "a.png", "image/png", ""}}, 422, "/title"},
		"extra":       {[]field{{"title", "", "", "x"}, {"other", "", "", "y"}, {"file", "a.png", "image/png", ""}}, 422, "/other"},
		"empty title": {[]field{{"title", "", "", ""}, {"file", "a.png", "image/png", ""}}, 422, "/title"},
	} {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		for _, f := range test.fields {
			header := textproto.MIMEHeader{}
			disposition := fmt.Sprintf("form-data; name=%q", f.name)
			if f.file != "" {
				disposition += fmt.Sprintf("; filename=%q", f.file)
			}
			header.Set("Content-Disposition", disposition)
			if f.mediaType != "" {
				header.Set("Content-Type", f.mediaType)
			}
			part, _ := w.CreatePart(header)
			_, _ = part.Write([]byte(f.text))
		}
		w.Close()
		resp := gw.Do("POST", "/v1/uploads", "Content-Type", w.FormDataContentType(), "", body.String())
		pointer := ""
		if list := resp.Problem().Errors; len(list) > 0 {
			pointer = list[0]["pointer"].(string)
		}
		if resp.Code != test.status || pointer != test.want {
			t.Errorf("%s: got %d %s", name, resp.Code, resp.Body)
		}
	}
	resp := gw.Do("POST", "/v1/uploads", "Content-Type", "multipart/form-data", "", "x")
	if resp.Code != 422 {
		t.Errorf("without a boundary: %d", resp.Code)
	}
}

func TestAllErrorsAtOnce(t *testing.T) {
	t.Parallel()
	gw := shop(t, "validate {\n\t\t\tmax_errors 2\n\t\t}")
	resp := gw.Do("GET", "/v1/orders?limit=0&status=x&ids=a", "X-Tenant", "acme", "Cookie", "session=a")
	p := resp.Problem()
	if p.Code != "schema.query" || len(p.Errors) != 2 || p.More != 2 || p.Detail != "4 problems in the parameters of listOrders (v1)." {
		t.Errorf("got %s", resp.Body)
	}
	resp = gw.Do("POST", "/v1/orders", "Content-Type", "application/json", "", `{"quantity":"1","quanttiy":1,"email":"x"}`)
	p = resp.Problem()
	if p.Detail != "3 problems in the body of createOrder (v1)." || p.More != 1 || p.Errors[0]["pointer"] != "/email" {
		t.Errorf("got %s", resp.Body)
	}
}

func TestUnknownQuery(t *testing.T) {
	t.Parallel()
	gw := shop(t, "validate {\n\t\t\tunknown_query reject\n\t\t}")
	resp := gw.Do("GET", "/v1/orders?limt=1", "X-Tenant", "acme")
	p := resp.Problem()
	if p.Code != "schema.query" || p.Errors[0]["parameter"] != "limt" || p.Errors[0]["hint"] != `did you mean "limit"?` {
		t.Errorf("got %s", resp.Body)
	}
	if resp := gw.Do("GET", "/v1/orders/7?a=1"); resp.Code != 400 {
		t.Errorf("an operation without query parameters: %d", resp.Code)
	}
	if resp := shop(t, "validate {\n\t\t\tunknown_query report\n\t\t}").Do("GET", "/v1/orders?limt=1", "X-Tenant", "acme"); resp.Code != 200 {
		t.Errorf("report: %s", resp.Body)
	}
}

func TestModesAndReadOnly(t *testing.T) {
	t.Parallel()
	bad := []string{"Content-Type", "application/json", "", `{"quantity":0}`}
	gw := shop(t, "validate {\n\t\t\tmode report\n\t\t\tmax_body 20B\n\t\t}")
	if resp := gw.Do("POST", "/v1/orders", bad...); resp.Code != 200 || resp.Body.String() != bad[3] {
		t.Errorf("report: %d %s", resp.Code, resp.Body)
	}
	if n := gw.Metric("gateway_policy_decisions_total", "policy", "validate", "decision", "reported"); n < 1 {
		t.Errorf("%v decisions were reported", n)
	}
	long := `{"quantity":1,"email":"someone@example.com"}`
	r := httptest.NewRequest("POST", "/v1/orders", strings.NewReader(long))
	r.Header.Set("Content-Type", "application/json")
	r.ContentLength = -1
	if resp := gw.Serve(r); resp.Code != 200 || resp.Body.String() != long {
		t.Errorf("a reported body that is too large arrived as %d %s", resp.Code, resp.Body)
	}
	if resp := shop(t, "validate {\n\t\t\tmode off\n\t\t}").Do("POST", "/v1/orders", bad...); resp.Code != 200 {
		t.Errorf("off: %d", resp.Code)
	}
	resp := shop(t, "validate {\n\t\t\tread_only allow\n\t\t}").Do("POST", "/v1/orders", "Content-Type", "application/json", "", `{"quantity":1,"id":"7"}`)
	if resp.Code != 200 {
		t.Errorf("read_only allow: %s", resp.Body)
	}
}

// TestAlone is the directive without a contract.
func TestAlone(t *testing.T) {
	t.Parallel()
	load := func(options string) *gatewaytest.Gateway {
		gw, err := gatewaytest.LoadFile(t, "testdata/Caddyfile", ":8080 {\n\tvalidate order.json "+options+"\n\trespond \"{http.request.body}\"\n\thandle_errors {\n\t\tproblem\n\t}\n}\n")
		if err != nil {
			t.Fatal(err)
		}
		return gw
	}
	gw := load("")
	for _, test := range []struct {
		contentType, body string
		status            int
	}{
		{"application/json", `{"quantity":1}`, 200},
		{"application/vnd.shop+json", `{"quantity":1}`, 200},
		{"application/json", `{"quantity":0}`, 422},
		{"text/plain", `{"quantity":1}`, 415},
		{"", ``, 422},
	} {
		resp := gw.Do("POST", "/", "Content-Type", test.contentType, "", test.body)
		if resp.Code != test.status {
			t.Errorf("%s %s: got %d %s", test.contentType, test.body, resp.Code, resp.Body)
		}
	}
	if resp := gw.Do("GET", "/"); resp.Code != 422 {
		t.Errorf("without a body: %d", resp.Code)
	}
	if resp := load("{\n\t\toptional\n\t}").Do("GET", "/"); resp.Code != 200 {
		t.Errorf("optional, without a body: %d", resp.Code)
	}
}

// TestUnreadable sends a body that ends early.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("POST", "/v1/orders", strings.NewReader(`{"quantity"`))
	r.ContentLength = 100
	r.Header.Set("Content-Type", "application/json")
	if resp := shop(t, "").Serve(r); resp.Code != http.StatusBadRequest {
		t.Errorf("got %d %s", resp.Code, resp.Body)
	}
}

// TestLoadErrors is what a person reads about a configuration that does not load.
func TestLoadErrors(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for _, config := range []string{
		"validate",
		"validate order.json second.json",
		"validate missing.json",
		"validate broken.json",
		"validate lookahead.json",
		"validate remote.json",
		"validate outside.json",
		"validate order.json {\n\t\tmax_bdy 1MiB\n\t}",
		"validate order.json {\n\t\tmax_body lots\n\t}",
		"validate order.json {\n\t\tmax_depth 0\n\t}",
		"validate order.json {\n\t\tmax_depth 5000\n\t}",
		"validate order.json {\n\t\tmax_errors 1\n\t\tmax_errors 2\n\t}",
		"validate order.json {\n\t\tmode reprot\n\t}",
		"validate order.json {\n\t\tunknown_query\n\t}",
		"validate order.json {\n\t\toptional yes\n\t}",
		"validate order.json {\n\t\tpass xml\n\t}",
		"validate order.json {\n\t\tschema order.json\n\t}",
		"validate order.json {\n\t\tdecode\n\t}",
		"validate order.json {\n\t\tdecode gzpi\n\t}",
		"validate order.json {\n\t\tdecode gzip gzip\n\t}",
		"validate order.json {\n\t\tdecode gzip off\n\t}",
	} {
		_, err := gatewaytest.LoadFile(t, "testdata/Caddyfile", ":8080 {\n\t"+config+"\n\trespond ok\n}\n")
		if err == nil {
			t.Errorf("%s: loaded", config)
			continue
		}
		fmt.Fprintf(&text, "%s\n%s\n\n", strings.ReplaceAll(config, "\n", " "), err)
	}
	gatewaytest.Golden(t, "testdata/load.golden", []byte(strings.ReplaceAll(text.String(), gatewaytest.Root()+"/modules/validate/", "")))
}
