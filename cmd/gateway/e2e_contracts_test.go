package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gateway/internal/gatewaytest"
)

// realContracts are documents of others that the gateway serves as they stand.
var realContracts = []struct {
	name, file string
	// auth is the auth line of the api block, "" where the contract has no security.
	auth string
	// good and broken are how many requests the sampler can make of it, at least.
	good, broken int
}{
	{"petstore", "oai-examples/v3.0-petstore-expanded.json", "", 4, 3},
	{"paypal", "paypal/checkout_orders_v2.json", "issuer", 8, 8},
	{"catalog", "paypal/catalogs_products_v1.json", "issuer", 4, 4},
	{"train", "readme-oas-examples/3.1-train-travel.json", "issuer", 7, 4},
	{"exoapi", "corpus-3.1/exoapi.dev_1.0.0.json", "issuer", 4, 2},
	{"rentcast", "corpus-3.1/rentcast.io_1.0.json", "off", 10, 5},
	{"adyen", "corpus-3.1/adyen.com_PayoutService_68.json", "off", 6, 6},
	{"podcasts", "corpus-3.1/listennotes.com_2.0.json", "", 24, 20},
}

// TestRealContracts serves real-world contracts through the real binary, in front of
// a recorder: requests made from their schemas and examples pass, broken ones do not.
func TestRealContracts(t *testing.T) {
	t.Parallel()
	specs := gatewaytest.Testdata(t, "openapi-specs")
	w := newWorld(t)
	seen := &tally{ids: make(map[string]bool)}
	upstream := httptest.NewServer(seen)
	t.Cleanup(upstream.Close)

	var caddyfile strings.Builder
	caddyfile.WriteString(":{$GATEWAY_PORT} {\n")
	for _, c := range realContracts {
		fmt.Fprintf(&caddyfile, "\tapi %s {\n\t\tcontract %s\n\t\tbase /%[1]s\n", c.name, filepath.Join(specs, c.file))
		switch c.auth {
		case "off":
			caddyfile.WriteString("\t\tauth off\n")
		case "issuer":
			caddyfile.WriteString("\t\tauth {$ISSUER} {\n\t\t\taudience orders\n\t\t}\n")
		}
		fmt.Fprintf(&caddyfile, "\t\treverse_proxy %s\n\t}\n", strings.TrimPrefix(upstream.URL, "http://"))
	}
	caddyfile.WriteString("}\n")
	path := filepath.Join(t.TempDir(), "Caddyfile")
	write(t, path, caddyfile.String())
	p := start(t, startOptions{config: path, upstream: w.upstream, issuer: w.issuerURL})
	keys := w.token(t, "reader", map[string]any{"sub": "waiting"})
	p.waitFor("the issuer's keys", func() bool {
		return p.send(nil, "GET", "/train/stations", "Authorization", keys).StatusCode != http.StatusServiceUnavailable
	})

	for _, c := range realContracts {
		t.Run(c.name, func(t *testing.T) {
			d := readDocument(t, filepath.Join(specs, c.file))
			token := w.token(t, "reader", map[string]any{"scope": d.scopes()})
			good, broken := 0, 0
			for _, s := range d.samples() {
				response := s.send(t, p, "/"+c.name, token)
				passed := response.StatusCode == http.StatusNoContent && seen.has(response)
				switch {
				case s.want == 0 && !passed:
					t.Errorf("%s: got %d %.400s, want it to pass", s.name, response.StatusCode, response.body)
				case s.want != 0 && (passed || response.StatusCode != s.want):
					t.Errorf("%s: got %d %.200s, want %d", s.name, response.StatusCode, response.body, s.want)
				case s.want == 0:
					good++
				default:
					broken++
				}
			}
			if good < c.good || broken < c.broken {
				t.Errorf("%d good and %d broken requests went as they should, want at least %d and %d", good, broken, c.good, c.broken)
			}
		})
	}
}

// tally answers everything with 204 and remembers whom it has answered.
type tally struct {
	mu  sync.Mutex
	ids map[string]bool
}

func (s *tally) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	s.mu.Lock()
	s.ids[r.Header.Get("X-Request-Id")] = true
	s.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

func (s *tally) has(a answer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ids[a.Header.Get("X-Request-Id")]
}

// sample is a request made from a contract.
type sample struct {
	name, method, target string
	header               map[string]string
	body                 any // nil means none
	// want is the status of the refusal, 0 if the request is good.
	want int
}

func (s sample) send(t *testing.T, p *process, base, token string) answer {
	t.Helper()
	header := []string{"Authorization", token}
	for name, value := range s.header {
		header = append(header, name, value)
	}
	if s.body != nil {
		text, err := json.Marshal(s.body)
		if err != nil {
			t.Fatal(err)
		}
		header = append(header, "Content-Type", "application/json", "", string(text))
	}
	return p.send(nil, s.method, base+s.target, header...)
}

// samples makes requests of every operation: a good one, and one for each way to
// break it that its schemas offer.
func (d *document) samples() []sample {
	var all []sample
	for path, item := range d.object("paths") {
		for _, method := range []string{"get", "put", "post", "patch", "delete"} {
			if op, ok := item.(object)[method].(object); ok {
				all = append(all, d.operation(strings.ToUpper(method), path, item.(object), op)...)
			}
		}
	}
	return all
}

func (d *document) operation(method, path string, item, op object) []sample {
	good := sample{name: method + " " + path, method: method, target: path, header: map[string]string{}}
	query := url.Values{}
	var required []string
	broken := []sample(nil)
	for _, p := range d.parameters(item, op) {
		name, _ := p["name"].(string)
		schema, _ := p["schema"].(object)
		value, ok := d.text(p, schema)
		switch p["in"] {
		case "path":
			if !ok {
				return nil // the sampler has no value for it
			}
			good.target = strings.ReplaceAll(good.target, "{"+name+"}", url.PathEscape(value))
		case "query":
			if p["required"] == true {
				if !ok {
					return nil
				}
				query.Set(name, value)
				required = append(required, name)
			}
		case "header":
			if p["required"] == true {
				good.header[name] = value
			}
		}
	}
	if body, ok := d.deref(op["requestBody"]).(object); ok {
		content, _ := body["content"].(object)
		media, ok := content["application/json"].(object)
		if !ok {
			return nil
		}
		schema, _ := d.deref(media["schema"]).(object)
		if good.body = d.body(media, schema); good.body == nil {
			return nil
		}
		broken = d.breakBody(good, schema)
	}
	target := good.target
	with := func(query url.Values) string {
		if len(query) == 0 {
			return target
		}
		return target + "?" + query.Encode()
	}
	good.target = with(query)
	for i := range broken {
		broken[i].target = good.target
	}
	for _, name := range required {
		less := url.Values{}
		for other, values := range query {
			if other != name {
				less[other] = values
			}
		}
		bad := good
		bad.name, bad.target, bad.want = good.name+" without the parameter "+name, with(less), 400
		broken = append(broken, bad)
	}
	nowhere := good
	nowhere.name, nowhere.target, nowhere.want = good.name+" elsewhere", target+"/nowhere/at/all", 404
	return append(append([]sample{good}, broken...), nowhere)
}

// breakBody makes bodies that the schema forbids.
func (d *document) breakBody(good sample, schema object) []sample {
	var broken []sample
	add := func(how string, body any) {
		bad := good
		bad.name, bad.body, bad.want = good.name+" "+how, body, 422
		broken = append(broken, bad)
	}
	switch schema["type"] {
	case "object":
		add("with text for an object", "text")
		add("with a list for an object", []any{})
	case "array":
		add("with text for a list", "text")
	}
	members, ok := good.body.(object)
	if !ok {
		return broken
	}
	for _, name := range d.required(schema) {
		less := object{}
		for other, value := range members {
			if other != name {
				less[other] = value
			}
		}
		if len(less) < len(members) {
			add("without the member "+name, less)
		}
	}
	for name, property := range d.properties(schema) {
		if property, ok := d.deref(property).(object); ok && property["type"] == "string" && members[name] != nil {
			more := object{}
			for other, value := range members {
				more[other] = value
			}
			more[name] = object{"not": "text"}
			add("with an object for the text "+name, more)
		}
	}
	return broken
}
