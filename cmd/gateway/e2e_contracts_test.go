package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
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
	{"rentcast", "corpus-3.1/rentcast.io_1.0.json", "off", 10, 20},
	{"adyen", "corpus-3.1/adyen.com_PayoutService_68.json", "off", 6, 6},
	{"podcasts", "corpus-3.1/listennotes.com_2.0.json", "", 21, 20},
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
				case s.want != http.StatusNotFound:
					broken++
				}
			}
			t.Logf("%d good and %d broken requests", good, broken)
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
	name, method, template string
	path, header           map[string]string
	query                  url.Values
	body                   any // nil means none
	// want is the status of the refusal, 0 if the request is good.
	want int
}

// but returns a copy that is to be broken and refused.
func (s sample) but(how string, want int) sample {
	s.name += " " + how
	s.want = want
	s.path, s.query = maps.Clone(s.path), maps.Clone(s.query)
	return s
}

func (s sample) target() string {
	target := s.template
	for name, value := range s.path {
		target = strings.ReplaceAll(target, "{"+name+"}", url.PathEscape(value))
	}
	if len(s.query) > 0 {
		target += "?" + s.query.Encode()
	}
	return target
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
	return p.send(nil, s.method, base+s.target(), header...)
}

// samples makes requests of every operation: a good one, and one for each way to
// break it that its parameters and schemas offer.
func (d *document) samples() []sample {
	var all []sample
	for path, item := range d.object("paths") {
		for _, method := range []string{"get", "put", "post", "patch", "delete"} {
			op, ok := item.(object)[method].(object)
			if !ok {
				continue
			}
			parameters := d.parameters(item.(object), op)
			good, ok := d.good(strings.ToUpper(method), path, parameters, op)
			if !ok {
				continue // beyond the sampler
			}
			elsewhere := good.but("elsewhere", http.StatusNotFound)
			elsewhere.template += "/nowhere/at/all"
			all = append(all, good, elsewhere)
			all = append(all, d.breakParameters(good, parameters)...)
			all = append(all, d.breakBody(good, d.bodySchema(op))...)
		}
	}
	return all
}

// good makes a request with whatever an operation requires, if the sampler can.
func (d *document) good(method, path string, parameters []object, op object) (sample, bool) {
	s := sample{
		name: method + " " + path, method: method, template: path,
		path: make(map[string]string), header: make(map[string]string), query: make(url.Values),
	}
	for _, p := range parameters {
		if p["required"] != true {
			continue
		}
		name, _ := p["name"].(string)
		schema, _ := d.deref(p["schema"]).(object)
		value, ok := d.text(p, schema)
		if !ok {
			return s, false
		}
		switch p["in"] {
		case "path":
			s.path[name] = value
		case "query":
			s.query.Set(name, value)
		case "header":
			s.header[name] = value
		}
	}
	if op["requestBody"] == nil {
		return s, true
	}
	s.body = d.body(d.media(op), d.bodySchema(op))
	return s, s.body != nil
}

// nonsense is nothing but text without any meaning.
const nonsense = "~ no sense ~"

// breakParameters leaves required parameters out and gives others nonsense.
func (d *document) breakParameters(good sample, parameters []object) []sample {
	var broken []sample
	for _, p := range parameters {
		name, _ := p["name"].(string)
		schema, _ := d.deref(p["schema"]).(object)
		picky := schema["type"] == "integer" || schema["type"] == "number" || schema["type"] == "boolean" || schema["enum"] != nil
		if p["in"] == "query" && p["required"] == true {
			bad := good.but("without the parameter "+name, http.StatusBadRequest)
			bad.query.Del(name)
			broken = append(broken, bad)
		}
		if !picky {
			continue
		}
		bad := good.but("with nonsense for "+name, http.StatusBadRequest)
		switch p["in"] {
		case "query":
			bad.query.Set(name, nonsense)
			broken = append(broken, bad)
		case "path":
			bad.path[name] = nonsense
			broken = append(broken, bad)
		}
	}
	return broken
}

// breakBody makes bodies that the schema forbids.
func (d *document) breakBody(good sample, schema object) []sample {
	var broken []sample
	add := func(how string, body any) {
		bad := good.but(how, http.StatusUnprocessableEntity)
		bad.body = body
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
		if less := maps.Clone(members); less[name] != nil {
			delete(less, name)
			add("without the member "+name, less)
		}
	}
	for name, property := range d.properties(schema) {
		if property, ok := d.deref(property).(object); ok && property["type"] == "string" && members[name] != nil {
			other := maps.Clone(members)
			other[name] = object{"not": "text"}
			add("with an object for the text "+name, other)
		}
	}
	return broken
}

// media returns the JSON content of an operation's body; bodySchema its schema.
func (d *document) media(op object) object {
	body, _ := d.deref(op["requestBody"]).(object)
	content, _ := body["content"].(object)
	media, _ := content["application/json"].(object)
	return media
}

func (d *document) bodySchema(op object) object {
	schema, _ := d.deref(d.media(op)["schema"]).(object)
	return schema
}
