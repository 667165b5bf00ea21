package validate

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gateway/internal/openapi"
	"gateway/internal/problem"
	"gateway/internal/testfile"
)

var testSettings = settings{maxBody: 1 << 20, maxErrors: 20, unknown: unknownAllow, bounds: testBounds}

// served is a contract with its router and compiled operations, without a gateway
// around it.
type served struct {
	router   *openapi.Router[*operation]
	compiler *contract
	warnings []string
}

func serve(t testing.TB, name string, document []byte, s *settings) (*served, error) {
	t.Helper()
	c, err := openapi.Parse(name, document)
	if err != nil {
		return nil, err
	}
	return serveContract(c, s)
}

func serveContract(c *openapi.Contract, s *settings) (*served, error) {
	compiler, err := newContract(c, false, nil)
	if err != nil {
		return nil, err
	}
	var entries []openapi.Entry[*operation]
	for _, op := range c.Operations {
		compiled, err := compiler.operation(op, s)
		if err != nil {
			return nil, err
		}
		for _, base := range c.Bases {
			entries = append(entries, openapi.Entry[*operation]{Method: op.Method, Template: base + op.Template, Value: compiled})
		}
	}
	router, err := openapi.NewRouter(entries)
	return &served{router, compiler, compiler.warnings}, err
}

// decide routes a request and checks it. The second result is false for a request
// that no operation takes.
func (s *served) decide(r *http.Request) (*problem.Refusal, bool) {
	match := s.router.Lookup(r.Method, r.URL.Path, nil)
	if !match.Found {
		return nil, false
	}
	return match.Value.decide(r, match.Params, "v1"), true
}

type vectorFile struct {
	Specs map[string]json.RawMessage
	Cases []struct {
		ID, Spec, Method, Target, Expect, Why string
		Headers                               map[string]json.RawMessage
		Body                                  *string `json:"body_b64"`
		ContentType                           string  `json:"content_type"`
	}
}

// vectorGaps are the vectors, or contracts, in which the verdict differs, with the
// reason.
var vectorGaps = map[string]string{
	"kin-openapi-0003": "a parameter that is no array may be given once",
	"kin-openapi-0307": "a parameter that is no array may be given once",
	"kin-openapi-0325": "a parameter that is declared as JSON has to be JSON",
	"kin-openapi-0346": "9223372036854775808 is no int64",
	"kin-openapi-0348": "-9223372036854775809 is no int64",
	"d4bcc15b2d":       "a parameter is written as application/something_funny, which is refused at load",
}

func TestOpenAPIVectors(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(testfile.Shared(t, "openapi-vectors"), "vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file vectorFile
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	loaded := make(map[string]*served)
	refused := make(map[string]error)
	for id, document := range file.Specs {
		s, err := serve(t, id+".json", document, &testSettings)
		if err != nil {
			refused[id] = err
			continue
		}
		loaded[id] = s
	}
	for _, c := range file.Cases {
		if err := refused[c.Spec]; err != nil {
			if vectorGaps[c.Spec] == "" {
				t.Errorf("%s: the contract does not load: %v", c.ID, err)
			}
			continue
		}
		r := vectorRequest(t, c.Method, c.Target, c.Headers, c.Body)
		refusal, found := loaded[c.Spec].decide(r)
		valid := found && refusal == nil
		if valid != (c.Expect == "valid") && vectorGaps[c.ID] == "" {
			t.Errorf("%s: %s %s: got valid = %v, want %s (%s); %+v", c.ID, c.Method, c.Target, valid, c.Expect, c.Why, refusal)
		}
	}
}

func vectorRequest(t *testing.T, method, target string, headers map[string]json.RawMessage, body *string) *http.Request {
	t.Helper()
	u, err := url.ParseRequestURI(target)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(method, "/", nil)
	if body != nil {
		decoded, err := base64.StdEncoding.DecodeString(*body)
		if err != nil {
			t.Fatal(err)
		}
		r = httptest.NewRequest(method, "/", strings.NewReader(string(decoded)))
	}
	r.URL = u
	for name, raw := range headers {
		var values []string
		if json.Unmarshal(raw, &values) != nil {
			var one string
			if err := json.Unmarshal(raw, &one); err != nil {
				t.Fatal(err)
			}
			values = []string{one}
		}
		for _, v := range values {
			r.Header.Add(name, v)
		}
	}
	return r
}
