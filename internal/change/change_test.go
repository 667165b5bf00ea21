package change_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gateway/internal/change"
	"gateway/internal/gatewaytest"
	"gateway/internal/openapi"
)

// world is two or more versions of an API in a folder.
type world struct {
	t        testing.TB
	dir      string
	versions []change.Version
}

// version adds a version: a contract and change files by name.
func (w *world) version(contract string, changes ...string) *world {
	w.t.Helper()
	name := fmt.Sprintf("v%d", len(w.versions)+1)
	folder := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Join(folder, "changes"), 0o755); err != nil {
		w.t.Fatal(err)
	}
	file := filepath.Join(folder, "openapi.yaml")
	write(w.t, file, contract)
	for i, text := range changes {
		write(w.t, filepath.Join(folder, "changes", fmt.Sprintf("%03d.yaml", i+1)), text)
	}
	c, err := openapi.Load(file)
	if err != nil {
		w.t.Fatal(err)
	}
	w.versions = append(w.versions, change.Version{Name: name, Contract: c, Folder: change.Folder(file)})
	return w
}

func write(t testing.TB, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func versions(t testing.TB) *world { return &world{t: t, dir: t.TempDir()} }

func (w *world) plan() *change.Plan {
	w.t.Helper()
	p, err := change.Compile(w.versions)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// operation finds an operation of the oldest version.
func (w *world) operation(id string) *openapi.Operation {
	w.t.Helper()
	for _, op := range w.versions[0].Contract.Operations {
		if op.ID == id {
			return op
		}
	}
	w.t.Fatalf("there is no operation %s", id)
	return nil
}

func (w *world) carrier(id string) *change.Carrier { return w.plan().Carrier(w.operation(id)) }

// forward carries a JSON body forward.
func forward(t testing.TB, c *change.Carrier, body string) string {
	t.Helper()
	r := change.Request{Method: "POST", Header: http.Header{}, MediaType: "application/json", Body: []byte(body)}
	if err := c.Request(&r); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return string(r.Body)
}

// back carries the JSON body of a response back.
func back(t testing.TB, c *change.Carrier, status int, body string) string {
	t.Helper()
	r := change.Response{Status: status, Header: http.Header{}, MediaType: "application/json", Body: []byte(body)}
	if err := c.Response(&r); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return string(r.Body)
}

// shop is a contract with one operation whose body and response is the schema Thing.
func shop(thing string, more ...string) string {
	return `openapi: 3.1.0
info: {title: Shop, version: "1"}
paths:
  /things/{id}:
    put:
      operationId: putThing
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
      requestBody:
        content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}
      responses:
        "200":
          description: fine
          content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}
components:
  schemas:
    Thing: ` + thing + "\n" + strings.Join(more, "\n")
}

func TestRename(t *testing.T) {
	t.Parallel()
	c := versions(t).version(shop(`{type: object, properties: {qty: {type: integer}, name: {type: string}}}`)).
		version(shop(`{type: object, properties: {quantity: {type: integer}, name: {type: string}}}`), `
description: The quantity is called quantity.
schema: Thing
steps:
  - rename: qty
    to: quantity
`).carrier("putThing")
	const old, new = `{"name":"a\u00e9","qty":1.50,"x":[1, 2]}`, `{"name":"a\u00e9","quantity":1.50,"x":[1, 2]}`
	if got := forward(t, c, old); got != new {
		t.Errorf("forward: %s", got)
	}
	if got := back(t, c, 200, new); got != old {
		t.Errorf("back: %s", got)
	}
	if c.ResponseBody(404, "application/json") || c.ResponseBody(200, "text/plain") || !c.ResponseBody(200, "application/json") {
		t.Error("wrong bodies would be read")
	}
}

// TestRefusals: what is wrong with a file is said with the place and a hint.
func TestRefusals(t *testing.T) {
	t.Parallel()
	const old = `{type: object, required: [a], properties: {a: {type: string}, b: {type: integer}, s: {type: string, enum: [open, closed]}, o: {oneOf: [{$ref: "#/components/schemas/X"}, {$ref: "#/components/schemas/Y"}]}, list: {type: array, items: {type: string}}}}`
	const more = "    X: {type: object, properties: {n: {type: string}}}\n    Y: {type: object, properties: {n: {type: string}}}\n    Unused: {type: object, properties: {n: {type: string}}}"
	var got strings.Builder
	for _, text := range []string{
		"",
		"- a",
		"description: x\nschema: [\n",
		"description: x\n---\ndescription: y\n",
		"description: x",
		"schema: Thing\nsteps: [{rename: a, to: c}]",
		"description: x\nscheme: Thing\nsteps: [{rename: a, to: c}]",
		"description: x\nschema: Thin\nsteps: [{rename: a, to: c}]",
		"description: x\nschema: Thing\nsteps: []",
		"description: x\nschema: Thing\nsteps: [{renam: a, to: c}]",
		"description: x\nschema: Thing\nsteps: [{rename: aa, to: c}]",
		"description: x\nschema: Thing\nsteps: [{rename: a, to: b}]",
		"description: x\nschema: Thing\nsteps: [{rename: a}]",
		"description: x\nschema: Thing\nsteps: [{rename: a, to: /c/d}]",
		"description: x\nschema: Thing\nsteps: [{rename: a, to: cc}]",
		"description: x\nschema: Thing\nsteps: [{rename: list/*, to: c}]",
		"description: x\nschema: Thing\nsteps: [{move: list/*/x, to: y}]",
		"description: x\nschema: Thing\nsteps: [{remove: a, value: x}]",
		"description: x\nlossless: false\nschema: Thing\nsteps: [{remove: a, value: x}]",
		"description: x\nloses: y\nschema: Thing\nsteps: [{rename: a, to: c}]",
		"description: x\nschema: Thing\nsteps: [{map: s, values: {opn: created}}]",
		"description: x\nschema: Thing\nsteps: [{map: s, values: {open: done, closed: done}}]",
		"description: x\nschema: Thing\nsteps: [{convert: b, from: int, to: string}]",
		"description: x\nschema: Thing\nsteps: [{convert: b, times: 0}]",
		"description: x\nschema: Thing\nsteps: [{convert: b, from: integer}]",
		"description: x\nschema: Thing\nsteps: [{cel: b, forward: value +, back: value}]",
		"description: x\nschema: Thing\nsteps: [{cel: b, forward: value + 1}]",
		"description: x\nschema: X\nsteps: [{rename: n, to: m}]",
		"description: x\nschema: Unused\nsteps: [{rename: n, to: m}]",
		"description: x\noperation: putThin\nrequest: [{rename: a, to: c}]",
		"description: x\noperation: putThing",
		"description: x\nrequest: [{rename: a, to: c}]",
		"description: x\noperation: putThing\nresponse: {404: [{rename: a, to: c}]}",
		"description: x\noperation: putThing\nresponse: {20: [{rename: a, to: c}]}",
		"description: x\noperation: putThing\nstatuses: {200: 404}",
		"description: x\noperation: putThing\nbecomes: setThing",
		"description: x\noperation: putThing\nparameters: [{rename: id, to: c}]",
		"description: x\noperation: putThing\nparameters: [{rename: quary/id, to: c}]",
		"description: x\noperation: putThing\nparameters: [{rename: path/id, to: key}]",
		"description: x\noperation: putThing\nheaders: [{remove: Content-Length, value: 1}]",
		"description: x\noperation: putThing\nparameters: [{move: path/id, to: header/transfer-encoding}]",
		"description: x\noperation: putThing\nheaders: [{rename: X, to: keep-alive}]",
		"description: &a x\nschema: *a\nsteps: [{rename: a, to: c}]",
		"description: x\ndescription: y\nschema: Thing\nsteps: [{rename: a, to: c}]",
		"description: x\nschema: Thing\nsteps: [{split: a, to: [c], by: \" \"}]",
		"description: x\nschema: Thing\nsteps: [{wrap: a}]",
		"description: x\nschema: Thing\nsteps: [{add: b, value: 1}]",
		"description: x\nschema: Thing\nsteps: [{add: c}]",
	} {
		w := versions(t).version(shop(old, more)).version(shop(strings.Replace(old, "a: {type: string}", "c: {type: string}", 1), more), text)
		_, err := change.Compile(w.versions)
		if err == nil {
			t.Errorf("%q was taken", text)
			continue
		}
		fmt.Fprintf(&got, "%s\n\n", strings.ReplaceAll(err.Error(), w.dir+"/v2/changes/", ""))
	}
	gatewaytest.Golden(t, "testdata/refusals.golden", []byte(got.String()))
}
