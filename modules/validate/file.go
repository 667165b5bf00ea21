package validate

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gateway/internal/finding"
)

// maxSchemaFile bounds one schema file, in bytes.
const maxSchemaFile = 16 << 20

// schemaBounds are the bounds for schema files; they are the operator's, so they
// only keep mistakes from eating the machine.
var schemaBounds = bounds{maxDepth: 512, maxValues: 4 << 20, maxNumber: 512}

// files loads JSON Schema files and what they refer to, as long as it lies in the
// folder of the first one, links resolved. Nothing is ever fetched from a network.
type files struct {
	root   *os.Root
	folder string
	issues finding.List
	read   map[string]string // texts by path within the folder
	// documents are the same, decoded.
	documents map[string]any
	// assumed is the dialect of a schema that names none. Default: 2020-12.
	assumed string
	// remotes stands in for URLs that a schema refers to; nil outside tests.
	remotes func(url string) (string, bool)
}

// compileFile compiles the JSON Schema in a file. Everything that is wrong with it
// is one error with places.
func compileFile(path string) (*schema, error) {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, &finding.Error{Message: fmt.Sprintf("the folder of the schema cannot be opened: %v", cause(err)), At: finding.Position{File: path}}
	}
	defer root.Close()
	f := newFiles(root, filepath.Dir(path))
	return f.compile(filepath.Base(path))
}

func newFiles(root *os.Root, folder string) *files {
	return &files{root: root, folder: folder, read: make(map[string]string), documents: make(map[string]any)}
}

func (f *files) compile(name string) (*schema, error) {
	first, err := f.document(name)
	if err != nil {
		return nil, err
	}
	engine := newEngine(f.load)
	engine.dialect(f.assumed)
	if object, ok := first.(map[string]any); ok {
		if dialect, ok := object["$schema"].(string); ok {
			engine.dialect(dialect) // files that the first one refers to follow it
		}
	}
	compiled, err := engine.compile(f.url(name))
	f.issues = append(f.issues, f.dynamic()...)
	if len(f.issues) > 0 {
		slices.SortStableFunc(f.issues, func(a, b *finding.Error) int {
			return cmp.Or(strings.Compare(a.At.File, b.At.File), cmp.Compare(a.At.Line, b.At.Line), cmp.Compare(a.At.Column, b.At.Column))
		})
		return nil, f.issues.Err()
	}
	if err != nil {
		return nil, f.explain(name, err)
	}
	return compiled, nil
}

// fileScheme is that of the URLs of files, relative to the folder.
const fileScheme = "schema:///"

func (f *files) url(name string) string {
	return fileScheme + (&url.URL{Path: filepath.ToSlash(name)}).EscapedPath()
}

// load gives the engine the document at a URL.
func (f *files) load(location string) (any, error) {
	if f.remotes != nil {
		if text, ok := f.remotes(location); ok {
			return parseSchema(text)
		}
	}
	escaped, ok := strings.CutPrefix(f.local(location), fileScheme)
	if !ok {
		return nil, &finding.Error{
			Message: fmt.Sprintf("%s is not a file beside the schema, and schemas are never fetched", location),
			Hint:    "put a copy next to the schema and refer to it by its name", At: f.referrer(location),
		}
	}
	name, err := url.PathUnescape(escaped)
	if err != nil {
		return nil, err
	}
	document, err := f.document(filepath.FromSlash(name))
	if e, ok := errors.AsType[*finding.Error](err); ok && e.At.Line == 0 {
		if at := f.referrer(location); at.Line > 0 {
			e.Message, e.At = fmt.Sprintf("the reference leads to %s, which cannot be read", name), at
		}
	}
	return document, err
}

// local turns a URL into that of a file if it lies beside the "$id" of a schema that
// was read: "parts/a.json" in a schema that calls itself https://example.com/b.json
// is still the file next to it.
func (f *files) local(location string) string {
	for name, document := range f.documents {
		object, _ := document.(map[string]any)
		id, _ := object["$id"].(string)
		slash := strings.LastIndexByte(id, '/')
		if u, err := url.Parse(id); err != nil || !u.IsAbs() || slash < 0 {
			continue
		}
		if rest, ok := strings.CutPrefix(location, id[:slash+1]); ok && rest != "" {
			return f.url(filepath.Join(filepath.Dir(name), filepath.FromSlash(rest)))
		}
	}
	return location
}

// referrer returns the place of the reference that leads to a URL, as far as plain
// resolution finds it.
func (f *files) referrer(location string) finding.Position {
	for _, name := range slices.Sorted(maps.Keys(f.documents)) {
		var at finding.Position
		walk(f.documents[name], "", func(pointer string, schema map[string]any) {
			ref, _ := schema["$ref"].(string)
			target, _, _ := strings.Cut(ref, "#")
			base, err1 := url.Parse(f.url(name))
			relative, err2 := url.Parse(target)
			if target != "" && err1 == nil && err2 == nil && base.ResolveReference(relative).String() == location {
				at = f.position(name, join(pointer, "$ref"))
			}
		})
		if at.Line > 0 {
			return at
		}
	}
	return finding.Position{File: f.folder}
}

// document reads and inspects one file.
func (f *files) document(name string) (any, error) {
	text, err := f.text(name)
	if err != nil {
		return nil, err
	}
	document, err := parseSchema(text)
	if err != nil {
		return nil, f.misread(name, text, err)
	}
	if _, again := f.read[name]; !again {
		f.read[name], f.documents[name] = text, document
		for _, issue := range inspect(document, "") {
			f.issues = append(f.issues, &finding.Error{
				Message: issue.message, Hint: issue.hint, At: f.position(name, issue.pointer),
			})
		}
		f.issues = append(f.issues, f.escapes(name, document)...)
	}
	return document, nil
}

// escapes finds references to files outside the folder. A URL cannot show them: it
// has nothing above its root.
func (f *files) escapes(name string, document any) (found finding.List) {
	walk(document, "", func(pointer string, schema map[string]any) {
		ref, _ := schema["$ref"].(string)
		target, _, _ := strings.Cut(ref, "#")
		if u, err := url.Parse(target); err != nil || u.IsAbs() || target == "" {
			return
		}
		if !filepath.IsLocal(filepath.Join(filepath.Dir(name), filepath.FromSlash(target))) {
			found = append(found, &finding.Error{
				Message: fmt.Sprintf("the reference %q leads out of the folder of the schema", ref),
				Hint:    "schemas may only refer to files in the folder of the first one", At: f.position(name, join(pointer, "$ref")),
			})
		}
	})
	return found
}

func (f *files) text(name string) (string, error) {
	at := finding.Position{File: filepath.Join(f.folder, name)}
	file, err := f.root.Open(name)
	if err != nil {
		hint := ""
		if !errors.Is(err, fs.ErrNotExist) {
			hint = "schemas may only refer to files in the folder of the first one, links resolved"
		}
		return "", &finding.Error{Message: fmt.Sprintf("the schema cannot be read: %v", cause(err)), Hint: hint, At: at}
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxSchemaFile+1))
	if err != nil {
		return "", &finding.Error{Message: fmt.Sprintf("the schema cannot be read: %v", cause(err)), At: at}
	}
	if len(text) > maxSchemaFile {
		return "", &finding.Error{Message: fmt.Sprintf("the schema is larger than %d bytes", maxSchemaFile), At: at}
	}
	return string(text), nil
}

// cause takes the operation and the path off a file error: the place says which file.
func cause(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err
	}
	return err
}

func parseSchema(text string) (any, error) {
	d := newDocument(text)
	defer d.release()
	if err := d.scan(&schemaBounds); err != nil {
		return nil, err
	}
	return d.decode(0), nil
}

// misread says where a file is not JSON.
func (f *files) misread(name, text string, err error) error {
	e := &finding.Error{Message: "the schema is not JSON: " + err.Error(), At: finding.Position{File: filepath.Join(f.folder, name)}}
	if syntax, ok := err.(*syntaxError); ok {
		e.Message = "the schema is not JSON: " + syntax.what
		e.At.Line, e.At.Column = syntax.place(text)
	}
	return e
}

// position returns the place of a value in a file that was read.
func (f *files) position(name, pointer string) finding.Position {
	at := finding.Position{File: filepath.Join(f.folder, name)}
	d := newDocument(f.read[name])
	defer d.release()
	if d.scan(&schemaBounds) != nil {
		return at
	}
	if i := d.find(pointer); i >= 0 {
		place := syntaxError{offset: int(d.values[i].start)}
		at.Line, at.Column = place.place(d.text)
	}
	return at
}

// dynamic refuses dynamic references where they could mean more than one schema: the
// library resolves some of those wrongly. With one anchor of the name, or none, they
// are ordinary references.
func (f *files) dynamic() (found finding.List) {
	anchors := make(map[string]int)
	for _, document := range f.documents {
		walk(document, "", func(_ string, schema map[string]any) {
			if anchor, ok := schema["$dynamicAnchor"].(string); ok {
				anchors[anchor]++
			}
		})
	}
	for _, name := range slices.Sorted(maps.Keys(f.documents)) {
		walk(f.documents[name], "", func(pointer string, schema map[string]any) {
			ref, ok := schema["$dynamicRef"].(string)
			if _, anchor, _ := strings.Cut(ref, "#"); ok && anchors[anchor] > 1 {
				found = append(found, &finding.Error{
					Message: fmt.Sprintf("the dynamic reference %q is not supported: several schemas have that anchor", ref),
					Hint:    "use $ref", At: f.position(name, join(pointer, "$dynamicRef")),
				})
			}
		})
	}
	return found
}

// explain turns what the library says about a schema into a finding.
func (f *files) explain(name string, err error) error {
	if e, ok := errors.AsType[*finding.Error](err); ok {
		return e
	}
	at := finding.Position{File: filepath.Join(f.folder, name)}
	if pointer, message, ok := metaProblem(err); ok {
		return &finding.Error{Message: message, At: f.position(name, pointer)}
	}
	return &finding.Error{Message: "the schema cannot be used: " + plainError(err), At: at}
}
