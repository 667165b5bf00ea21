package fetch

import (
	"math"
	"net/http"
	"testing"
	"time"
)

func TestLifetime(t *testing.T) {
	t.Parallel()
	const unsaid = -1
	for _, test := range []struct {
		control []string
		age     string
		want    time.Duration
	}{
		{nil, "", unsaid},
		{[]string{""}, "", unsaid},
		{[]string{"public"}, "", unsaid},
		{[]string{"s-maxage=10"}, "", unsaid},
		{[]string{"max-age=60"}, "", time.Minute},
		{[]string{"Public, Max-Age=60"}, "", time.Minute},
		{[]string{`max-age="60"`}, "", time.Minute},
		{[]string{"private,max-age=86400 ,x=\"y\""}, "", 24 * time.Hour},
		{[]string{"public", "max-age=60"}, "", time.Minute},
		{[]string{"max-age=60, max-age=90"}, "", time.Minute},
		{[]string{"max-age=60"}, "20", 40 * time.Second},
		{[]string{"max-age=60"}, "90", 0},
		{[]string{"max-age=60"}, "-90", time.Minute},
		{[]string{"max-age=60"}, "99999999999999999999", 0},
		{[]string{"max-age=0"}, "", 0},
		{[]string{"max-age=-1"}, "", unsaid},
		{[]string{"max-age=x"}, "", unsaid},
		{[]string{"max-age"}, "", unsaid},
		{[]string{"max-age=99999999999999999999"}, "", math.MaxInt32 * time.Second},
		{[]string{"no-store"}, "", 0},
		{[]string{"max-age=60, no-cache"}, "", 0},
		{[]string{"max-age=60", "no-store"}, "", 0},
	} {
		header := http.Header{"Cache-Control": test.control}
		if test.age != "" {
			header.Set("Age", test.age)
		}
		got, said := Lifetime(header)
		if !said {
			got = unsaid
		}
		if got != test.want {
			t.Errorf("%q, age %q: got %v, want %v", test.control, test.age, got, test.want)
		}
	}
}

func FuzzLifetime(f *testing.F) {
	f.Add("max-age=60", "10")
	f.Add("no-store, max-age=99999999999999", "-1")
	f.Add(`max-age="`, "x")
	f.Fuzz(func(t *testing.T, control, age string) {
		got, said := Lifetime(http.Header{"Cache-Control": {control}, "Age": {age}})
		if got < 0 || !said && got != 0 {
			t.Errorf("%q, age %q: %s, %t", control, age, got, said)
		}
	})
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://orders.example/openapi.json": "",
		"http://orders:9001/openapi.json?v=1": "",
		"http://[::1]:80/":                    "",
		"https:///jwks":                       "it is not an absolute URL",
		"https://:443/jwks":                   "it is not an absolute URL",
		"mailto:a@b.example":                  "it is not an absolute URL",
		"orders.example":                      "it is not an absolute URL",
		"//orders.example":                    "it is not an absolute URL",
		"http://a b/":                         "it is not an absolute URL",
		"http://%zz/":                         "it is not an absolute URL",
		"":                                    "it is not an absolute URL",
		"https://user:secret@orders.example":  "it has a user name or password in it",
		"https://user@orders.example":         "it has a user name or password in it",
		"https://orders.example/#x":           "it has a fragment",
	} {
		got := ""
		if _, err := Address(text); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestIsLoopback(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost": true, "idp.localhost": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true, "::ffff:127.0.0.1": true,
		"localhost.evil.example": false, "127.0.0.1.evil.example": false, "0x7f000001": false, "0.0.0.0": false, "10.0.0.1": false, "": false,
	} {
		if got := IsLoopback(host); got != want {
			t.Errorf("%q: got %t", host, got)
		}
	}
}
