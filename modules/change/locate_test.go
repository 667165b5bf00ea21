package change_test

import (
	"testing"
)

// TestReferencesOfResponses: what a response points to is where the client finds it.
func TestReferencesOfResponses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ lines, v1, v2 string }{
		"by path":        {"", "/v1", "/v2"},
		"prefix removed": {"\t\tversioning {\n\t\t\tpath\n\t\t\tstrip_prefix on\n\t\t}\n", "/v1", ""},
		"by header":      {"\t\tversioning {\n\t\t\theader\n\t\t\tdefault v1\n\t\t}\n", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			gw := gateway(t, s, tt.lines)
			for says, want := range map[string]string{
				tt.v2 + "/orders/ord_000007":                      tt.v1 + "/purchases/ord_000007",
				"orders/ord_000007":                               tt.v1 + "/purchases/ord_000007", // beside /v2/orders
				"http://example.com" + tt.v2 + "/orders/a%20b#x":  "http://example.com" + tt.v1 + "/purchases/a%20b#x",
				"//example.com" + tt.v2 + "/orders/ord_7":         "//example.com" + tt.v1 + "/purchases/ord_7",
				"https://other.example" + tt.v2 + "/orders/ord_7": "https://other.example" + tt.v2 + "/orders/ord_7",
				tt.v2 + "/orders?cursor=x%20y&limit=3&z=1":        tt.v1 + "/purchases?page=x%20y&page_size=3&z=1",
				"/elsewhere/7":          "/elsewhere/7",
				tt.v2 + "/orders/a%2Fb": tt.v2 + "/orders/a%2Fb",
				"mailto:a@b.example":    "mailto:a@b.example",
				"http://[::1":           "http://[::1",
			} {
				s.says(201, "application/json", order, "Location", says, "Content-Location", says, "Link", "<"+says+`>; rel="next", <`+tt.v2+`/orders/ord_1>; rel="successor-version"`)
				res := gw.Do("POST", tt.v1+"/purchases", "Content-Type", "application/json", "", newOrder)
				got := res.Header()
				if got.Get("Location") != want || got.Get("Content-Location") != want || got["Link"][len(got["Link"])-1] != "<"+want+`>; rel="next", <`+tt.v2+`/orders/ord_1>; rel="successor-version"` {
					t.Errorf("%s: got %v, want %s", says, got, want)
				}
			}
			// An operation that no change touches points somewhere, too; and one of the newest
			// version stays as it is.
			s.says(303, "", "", "Location", tt.v2+"/orders/ord_000007")
			if res := gw.Do("GET", tt.v1+"/health"); res.Header().Get("Location") != tt.v1+"/purchases/ord_000007" {
				t.Errorf("got %v", res.Header())
			}
			if tt.v2 == "/v2" {
				if res := gw.Do("GET", "/v2/health"); res.Header().Get("Location") != "/v2/orders/ord_000007" {
					t.Errorf("got %v", res.Header())
				}
			}
		})
	}
}

// TestTheQueryNamesTheVersionOfTheService where it names one at all.
func TestTheQueryNamesTheVersionOfTheService(t *testing.T) {
	t.Parallel()
	s := newService(t)
	gw := gateway(t, s, "\t\tversioning {\n\t\t\tquery version\n\t\t\tdefault v1\n\t\t}\n")
	for query, want := range map[string]string{
		"version=v1&x=%7e": "version=v2&x=%7e", "a=1&version=v1&version=v1": "a=1&version=v2&version=v2", "x=1": "x=1", "version=": "version=", "": "",
	} {
		s.says(200, "text/plain", "fine")
		gw.Do("GET", "/health?"+query)
		if r, _ := s.seen(); r.URL.RawQuery != want || r.Header.Get("API-Version") != "v2" {
			t.Errorf("%s: the service sees %s", query, r.URL)
		}
	}
}
