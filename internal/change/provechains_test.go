package change_test

import (
	"strings"
	"testing"

	"gateway/internal/change"
)

// TestProofOverSeveralVersions: what one boundary makes may be more than the next one was
// proved with.
func TestProofOverSeveralVersions(t *testing.T) {
	t.Parallel()
	const enum, text = `{type: object, required: [a], properties: {a: {type: string, enum: [x]}}}`, `{type: object, required: [a], properties: {a: {type: string}}}`
	for forward, want := range map[string]string{
		`value == "rare" ? dyn(1) : dyn("ok")`:      "what becomes of it over several versions breaks the contract of version v3",
		`value == "rare" ? {"": "y"}[value] : "ok"`: "it cannot be carried over several versions",
		`value == "rare" ? "fine" : "ok"`:           "",
	} {
		w := versions(t).version(shop(enum)).
			version(shop(text), "description: d\nlossless: false\nloses: l\nschema: Thing\nsteps: [{cel: a, forward: '\"rare\"', back: '\"x\"'}]\n").
			version(shop(text), "description: d\nlossless: false\nloses: l\nschema: Thing\nsteps: [{cel: a, forward: '"+forward+"', back: value}]\n")
		err := w.plan().Prove(checker().Document, change.Budget{})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %s", forward, err, want)
		}
	}
}

// TestProofOfHeaderFields: fields of responses are tried like bodies.
func TestProofOfHeaderFields(t *testing.T) {
	t.Parallel()
	contract := func(name, values, required string) string {
		return strings.Replace(shop(`{type: object}`), "description: fine", "description: fine\n          headers: {"+name+": {required: "+required+", schema: {type: string, enum: ["+values+"]}}}", 1)
	}
	for _, tt := range []struct{ newer, steps, want string }{
		{contract("X-New", "c, d", "true"), "[{rename: X-Old, to: X-New}, {map: X-New, values: {a: c, b: d}}]", ""},
		{contract("X-New", "c, d", "true"), "[{rename: X-Old, to: X-New}, {map: X-New, values: {a: c}}]", "field X-Old of response 200"},
		{contract("X-New", "a, b", "false"), "[{rename: X-Old, to: X-New}]", "version v1 requires it"},
		{contract("X-New", "a, b", "true"), "[{rename: X-Old, to: X-New}, {convert: X-New, from: string, to: integer}]", "they cannot be carried"},
	} {
		w := versions(t).version(contract("X-Old", "a, b", "true")).version(tt.newer, "description: d\noperation: putThing\nheaders: "+tt.steps+"\n")
		err := w.plan().Prove(checker().Document, change.Budget{})
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got %v, want %s", tt.steps, err, tt.want)
		}
	}
}

// TestOperationsThatAreGone: nobody is left to guess what becomes of their requests.
func TestOperationsThatAreGone(t *testing.T) {
	t.Parallel()
	gone := strings.Replace(shop(`{type: object}`), "/things/{id}:", "/others/{id}:", 1)
	gone = strings.Replace(gone, "operationId: putThing", "operationId: putOther", 1)
	for _, tt := range []struct{ file, compile, prove string }{
		{"", "", "version v2 has no operation that putThing became"},
		{"description: d\noperation: putThing\nstays: true\n", "", ""},
		{"description: d\noperation: putThing\nbecomes: putOther\n", "", ""},
		{"description: d\noperation: putThing\nstays: false\n", "stays is true, or is not there", ""},
		{"description: d\noperation: putThing\nstays: true\nbecomes: putOther\n", "changes in nothing", ""},
		{"description: d\noperation: putThing\nrequest: [{rename: a, to: b}]\n", "stays: true if the service still answers it", ""},
	} {
		w := versions(t).version(shop(`{type: object}`))
		if tt.file == "" {
			w.version(gone)
		} else {
			w.version(gone, tt.file)
		}
		p, err := change.Compile(w.versions)
		if tt.compile != "" {
			if err == nil || !strings.Contains(err.Error(), tt.compile) {
				t.Errorf("%s: got %v, want %s", tt.file, err, tt.compile)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.file, err)
			continue
		}
		err = p.Prove(checker().Document, change.Budget{})
		if tt.prove == "" && err != nil || tt.prove != "" && (err == nil || !strings.Contains(err.Error(), tt.prove)) {
			t.Errorf("%s: got %v, want %s", tt.file, err, tt.prove)
		}
	}
	w := versions(t).version(shop(`{type: object}`)).version(shop(`{type: object}`), "description: d\noperation: putThing\nstays: true\n")
	if _, err := change.Compile(w.versions); err == nil || !strings.Contains(err.Error(), "cannot stay") {
		t.Errorf("an operation that is there: %v", err)
	}
}
