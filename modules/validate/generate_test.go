package validate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gateway/internal/instance"
	"gateway/internal/openapi"
	"gateway/internal/problem"
)

// unsent are operations of real contracts for which no valid request is made up, with
// the reason.
var unsent = map[string]string{
	"readme-oas-examples/3.0-discriminators.json oneOfWithTopLevelDiscriminatorAndMapping": openAlternatives,
	"readme-oas-examples/3.0-discriminators.json oneOfWithTopLevelDiscriminatorNoMapping":  openAlternatives,
	"readme-oas-examples/3.0-discriminators.json PATCH /embedded-discriminator":            openAlternatives,
	"readme-oas-examples/3.0-discriminators.json PATCH /oneof-allof-top-level-disc":        openAlternatives,
	"readme-oas-examples/3.0-discriminators.json PATCH /mapping-with-duplicate-schemas":    openAlternatives,
	"readme-oas-examples/3.0-discriminators.json PATCH /mapping-of-schema-names":           openAlternatives,
	"readme-oas-examples/3.0-discriminators.json POST /potentially-undefined-formData":     openAlternatives,
	"readme-oas-examples/3.0-polymorphism.json PATCH /pets":                                openAlternatives,
	"readme-oas-examples/3.0-polymorphism.json POST /anything/one-of-object":               openAlternatives,
	"readme-oas-examples/3.0-polymorphism.json POST /anything/one-of-object-ref":           openAlternatives,
	"readme-oas-examples/3.0-polymorphism.json POST /one-of-complex":                       openAlternatives,
	"readme-oas-examples/3.0-schema-types.json quirks_entirelyIncompatibleAllOf":           "nothing keeps its schema",
	"readme-oas-examples/3.0-schema-types.json quirks_partiallyUsableIncompatibleAllOf":    "nothing keeps its schema",
}

const openAlternatives = "its alternatives all take each other's objects, so that hardly anything matches exactly one"

// TestGeneratedRequests makes up requests to every operation of every real contract:
// valid ones pass, and ones with something wrong are refused for just that.
func TestGeneratedRequests(t *testing.T) {
	t.Parallel()
	var tally struct{ contracts, operations, valid, parameters, members, exact int }
	realContracts(t, func(name string, c *openapi.Contract) {
		tally.contracts++
		s, err := serveContract(c, &testSettings)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		values, err := instance.Parse(c.Document)
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range c.Operations {
			tally.operations++
			if raceEnabled && tally.operations%8 != 0 {
				continue // what is compared does not depend on the order of events
			}
			g := &generated{op: op, base: c.Bases[0], values: values, served: s}
			where := name + " " + op.ID
			if why := g.find(); why != "" {
				if unsent[where] == "" {
					t.Errorf("%s: no valid request was found: %s", where, why)
				}
				continue
			}
			if reason := unsent[where]; reason != "" {
				t.Errorf("%s is on the list (%s), but there is a valid request", where, reason)
			}
			tally.valid++
			tally.parameters += g.breakParameters(t, where)
			members, exact := g.breakBody(t, where)
			tally.members, tally.exact = tally.members+members, tally.exact+exact
		}
	})
	t.Logf("%+v", tally)
	if !raceEnabled && (tally.contracts < 40 || tally.valid < 350 || tally.parameters < 250 || tally.members < 1500 || tally.exact*100 < tally.members*95) {
		t.Errorf("too little was tried: %+v", tally)
	}
}

// generated is a valid request to an operation.
type generated struct {
	op     *openapi.Operation
	base   string
	values *instance.Document
	served *served

	parameters map[*openapi.Parameter]any // those that are sent
	mediaType  string
	bodyAt     *openapi.Media
	body       any
}

// find makes up requests until one passes. It returns why the last one did not.
func (g *generated) find() (why string) {
	for variant := range instance.Variants {
		if why = g.make(variant); why != "" {
			continue
		}
		refusal, found := g.served.decide(g.request(nil, ""))
		if found && refusal == nil {
			return ""
		}
		if why = "no such route"; refusal != nil {
			why = fmt.Sprintf("%s %s %+v", refusal.Reason.Code, refusal.Detail, texts(refusal))
		}
	}
	return why
}

func (g *generated) make(variant int) (why string) {
	g.parameters = make(map[*openapi.Parameter]any)
	for i := range g.op.Parameters {
		p := &g.op.Parameters[i]
		if p.Schema == "" {
			g.parameters[p] = "text"
			continue
		}
		value, err := g.values.Generate(string(p.Schema), instance.Request, variant)
		if err == nil && writable(p, value) {
			g.parameters[p] = value
		} else if p.Required {
			return fmt.Sprintf("the parameter %s: %v (%v)", p.Name, value, err)
		}
	}
	g.bodyAt, g.body, g.mediaType = nil, nil, ""
	if g.op.Body == nil {
		return ""
	}
	for i := range g.op.Body.Content {
		m := &g.op.Body.Content[i]
		if kind := kindOfContent(m.Type); kind != contentJSON && kind != contentForm {
			continue
		}
		g.mediaType, g.body = m.Type, map[string]any{}
		if m.Schema == "" {
			return ""
		}
		var err error
		if g.body, err = g.values.Generate(string(m.Schema), instance.Request, variant); err != nil {
			return "the body: " + err.Error()
		}
		if kindOfContent(m.Type) == contentForm {
			return g.makeForm()
		}
		g.bodyAt = m
		return ""
	}
	if g.op.Body.Required {
		return "the body is neither JSON nor a form"
	}
	return ""
}

// makeForm makes fields of the members of the body that are no objects.
func (g *generated) makeForm() (why string) {
	members, ok := g.body.(map[string]any)
	if !ok {
		return "the form is no object"
	}
	fields := url.Values{}
	for name, v := range members {
		switch v.(type) {
		case map[string]any, []any, nil:
		default:
			fields.Set(name, fmt.Sprint(v))
		}
	}
	g.body = fields
	return ""
}

// request writes the request, with another text for one parameter.
func (g *generated) request(other *openapi.Parameter, text string) *http.Request {
	path := g.base + g.op.Template
	var query []string
	var cookie []string
	header := http.Header{}
	for p, value := range g.parameters {
		written := write(p, value)
		if p == other {
			written = []string{text}
			if p.In == "query" || p.In == "cookie" {
				written[0] = url.QueryEscape(p.Name) + "=" + text
			}
			if p.Style == "label" {
				written[0] = "." + text
			}
			if p.Style == "matrix" {
				written[0] = ";" + p.Name + "=" + text
			}
		}
		switch p.In {
		case "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", written[0])
		case "query":
			query = append(query, written...)
		case "header":
			header[http.CanonicalHeaderKey(p.Name)] = written
		case "cookie":
			cookie = append(cookie, written...)
		}
	}
	slices.Sort(query)
	text, _ = url.PathUnescape(path)
	r := httptest.NewRequest(g.op.Method, "/", nil)
	if g.mediaType != "" {
		body, _ := json.Marshal(g.body)
		if fields, isForm := g.body.(url.Values); isForm {
			body = []byte(fields.Encode())
		}
		r = httptest.NewRequest(g.op.Method, "/", bytes.NewReader(body))
		header["Content-Type"] = []string{strings.ReplaceAll(g.mediaType, "*", "x")}
	}
	r.URL = &url.URL{Path: text, RawPath: path, RawQuery: strings.Join(query, "&")}
	if len(cookie) > 0 {
		header["Cookie"] = []string{strings.Join(cookie, "; ")}
	}
	r.Header = header
	return r
}

// breakParameters sends each parameter as a text that it cannot be, and leaves out
// those that are required.
func (g *generated) breakParameters(t *testing.T, where string) (tried int) {
	const nonsense = "~nonsense~"
	for p := range g.parameters {
		names := func(refusal *problem.Refusal) bool {
			return refusal != nil && slices.ContainsFunc(refusal.Violations, func(v problem.Violation) bool { return v.Parameter == p.Name && v.In == p.In })
		}
		s, err := g.served.compiler.schema(p.Schema)
		if p.Schema != "" && err == nil && p.Style != "deepObject" && !s.accepts1(nonsense) {
			tried++
			if refusal, _ := g.served.decide(g.request(p, nonsense)); !names(refusal) && s.node.kinds()&(typeObject|typeArray) == 0 {
				t.Errorf("%s: nonsense as %s %s: got %+v", where, p.In, p.Name, refusal)
			}
		}
		if p.Required && p.In != "path" {
			tried++
			value := g.parameters[p]
			delete(g.parameters, p)
			if refusal, _ := g.served.decide(g.request(nil, "")); !names(refusal) {
				t.Errorf("%s: without %s %s: got %+v", where, p.In, p.Name, refusal)
			}
			g.parameters[p] = value
		}
	}
	return tried
}

// accepts1 asks the engine about a text.
func (s *schema) accepts1(text string) bool {
	failed, err := s.ask(text)
	return failed == nil && err == nil
}

// breakBody changes each member of the body, one at a time. What the engine refuses
// then has to be refused, and exactly there, or in an alternative around it; what it
// takes has to pass. exact counts the first kind.
func (g *generated) breakBody(t *testing.T, where string) (tried, exact int) {
	if g.bodyAt == nil {
		return 0, 0
	}
	s, err := g.served.compiler.schema(g.bodyAt.Schema)
	if err != nil {
		t.Fatal(err)
	}
	whole := g.body
	defer func() { g.body = whole }()
	for _, m := range mutations(whole, "") {
		g.body = m.body
		failed, err := s.ask(m.body)
		if err != nil {
			t.Errorf("%s: %v", where, err)
			continue
		}
		refusal, _ := g.served.decide(g.request(nil, ""))
		if (failed == nil) != (refusal == nil) {
			t.Errorf("%s: %s changed: refused %v, the engine refuses %v", where, m.at, refusal != nil, failed != nil)
			continue
		}
		if failed == nil {
			continue
		}
		tried++
		related := false
		for _, v := range refusal.Violations {
			at := *v.Pointer
			if at == m.at {
				exact++
				related = true
				break
			}
			related = related || strings.HasPrefix(m.at, at) || strings.HasPrefix(at, m.at+"/")
		}
		if !related && refusal.More == 0 {
			t.Errorf("%s: %s changed: got %+v", where, m.at, texts(refusal))
		}
	}
	return tried, exact
}

type mutation struct {
	at   string
	body any
}

// mutations returns the value with one thing changed each time: a member of another
// type, or gone. There may be a great many; the first ones do.
func mutations(v any, at string) (all []mutation) {
	const most = 200
	all = append(all, mutation{at, otherType(v)})
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			gone := maps.Clone(v)
			delete(gone, name)
			all = append(all, mutation{join(at, name), gone})
			for _, m := range mutations(v[name], join(at, name)) {
				changed := maps.Clone(v)
				changed[name] = m.body
				all = append(all, mutation{m.at, changed})
			}
		}
	case []any:
		for i, item := range v {
			for _, m := range mutations(item, at+"/"+strconv.Itoa(i)) {
				changed := slices.Clone(v)
				changed[i] = m.body
				all = append(all, mutation{m.at, changed})
			}
		}
	}
	return all[:min(len(all), most)]
}

func otherType(v any) any {
	if _, isBool := v.(bool); isBool {
		return json.Number("7.5")
	}
	return true
}

// writable tells whether a value can be written as a parameter at all.
func writable(p *openapi.Parameter, value any) bool {
	if p.Content != "" {
		return true
	}
	switch value := value.(type) {
	case nil:
		return false
	case []any:
		return len(value) > 0 && p.Style != "deepObject" && !slices.ContainsFunc(value, func(v any) bool { return !plainValue(v) })
	case map[string]any:
		for name, v := range value {
			if !plainValue(v) || name == "" {
				return false
			}
		}
		return len(value) > 0
	}
	if p.In == "query" && p.Style == "form" {
		return value != ""
	}
	return plainValue(value)
}

// plainValue tells a scalar that all styles can hold.
func plainValue(v any) bool {
	if s, ok := v.(string); ok {
		return s != "" && !strings.ContainsAny(s, ",;. |=&%+\"\\/")
	}
	switch v.(type) {
	case nil, map[string]any, []any:
		return false
	}
	return true
}

// write writes a parameter as OpenAPI 3.1 §4.8.12.3 has it: query and cookie as
// name=value.
func write(p *openapi.Parameter, value any) []string {
	if p.Content != "" {
		text, _ := json.Marshal(value)
		return named(p, url.QueryEscape(string(text)))
	}
	var names, parts []string // of arrays and objects
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			parts = append(parts, url.PathEscape(fmt.Sprint(item)))
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			names, parts = append(names, url.PathEscape(name)), append(parts, url.PathEscape(fmt.Sprint(value[name])))
		}
	default:
		parts = []string{url.PathEscape(fmt.Sprint(value))}
		if p.In == "query" {
			parts = []string{url.QueryEscape(fmt.Sprint(value))}
		}
	}
	name := url.QueryEscape(p.Name)
	if p.Style == "deepObject" {
		var all []string
		for i := range parts {
			all = append(all, name+"["+names[i]+"]="+parts[i])
		}
		return all
	}
	pairs := make([]string, len(parts))
	for i := range parts {
		pairs[i] = parts[i]
		if names != nil && p.Explode {
			pairs[i] = names[i] + "=" + parts[i]
		} else if names != nil {
			pairs[i] = names[i] + "," + parts[i]
		}
	}
	switch {
	case p.Style == "label" && p.Explode:
		return []string{"." + strings.Join(pairs, ".")}
	case p.Style == "label":
		return []string{"." + strings.Join(pairs, ",")}
	case p.Style == "matrix" && p.Explode && names != nil:
		return []string{";" + strings.Join(pairs, ";")}
	case p.Style == "matrix" && p.Explode:
		return []string{";" + name + "=" + strings.Join(pairs, ";"+name+"=")}
	case p.Style == "matrix":
		return []string{";" + name + "=" + strings.Join(pairs, ",")}
	case p.Explode && names != nil && p.Style != "simple":
		return pairs
	case p.Explode && p.Style != "simple":
		for i := range pairs {
			pairs[i] = name + "=" + pairs[i]
		}
		return pairs
	}
	separator := map[string]string{"spaceDelimited": "%20", "pipeDelimited": "%7C"}[p.Style]
	if separator == "" {
		separator = ","
	}
	return named(p, strings.Join(pairs, separator))
}

func named(p *openapi.Parameter, text string) []string {
	if p.In == "query" || p.In == "cookie" {
		return []string{url.QueryEscape(p.Name) + "=" + text}
	}
	if p.In == "header" {
		text, _ = url.PathUnescape(text)
	}
	return []string{text}
}
