package change

import (
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"gateway/internal/openapi"
)

// fieldProgram carries the parameters of a request forward. They are one document for
// it: {"query": {…}, "path": {…}, "header": {…}, "cookie": {…}}.
type fieldProgram struct {
	*program
	used      map[string]bool // the sources that the program reads or writes
	declared  map[string]parameter
	variables []string // of the older path
}

// parameter is how a parameter is written.
type parameter struct {
	kinds kinds
	// list tells that it may have several values, each in an occurrence of its own with
	// explode, else between commas.
	list, explode bool
}

func canonicalField(name string) string { return textproto.CanonicalMIMEHeaderKey(name) }

// parameterShape is the document of the parameters of an operation, as a shape.
func parameterShape(s *schemas, op *openapi.Operation) *shape {
	root := &shape{kinds: 1 << kindObject}
	for _, source := range sources {
		root.set(source, slot{shape: &shape{kinds: 1 << kindObject}, required: true})
	}
	for i := range op.Parameters {
		p := &op.Parameters[i]
		at := s.sketch(p.Schema)
		at.place = strings.TrimSuffix(string(p.Schema), "/schema")
		root.members[p.In].set(fieldName(p), slot{shape: at, required: p.Required})
	}
	variables, err := openapi.Variables(op.Template)
	for _, name := range variables {
		if err == nil && root.members["path"].members[name] == nil {
			root.members["path"].set(name, slot{shape: &shape{kinds: 1 << kindString}, required: true})
		}
	}
	return root
}

func fieldName(p *openapi.Parameter) string {
	if p.In == "header" {
		return canonicalField(p.Name)
	}
	return p.Name
}

// fields compiles the changes of parameters.
func (b *boundary) fields(l *leg) *fieldProgram {
	relevant := false
	for _, c := range b.changes {
		relevant = relevant || len(c.parameters) > 0 && c.names(l.older)
		for i := range l.older.Parameters {
			relevant = relevant || b.relevant(c, l.older.Parameters[i].Schema)
		}
	}
	if !relevant {
		return nil
	}
	root := parameterShape(b.old, l.older)
	f := &fieldProgram{used: make(map[string]bool), declared: make(map[string]parameter)}
	for i := range l.older.Parameters {
		p := &l.older.Parameters[i]
		kinds := root.members[p.In].members[fieldName(p)].features().kinds
		f.declared[p.In+" "+fieldName(p)] = parameter{kinds, kinds != 0 && kinds&^(1<<kindNull) == 1<<kindArray, p.Explode}
	}
	if f.program = b.body(l.older, root, "", func(c *Change) []step { return c.parameters }); f.program == nil {
		return nil
	}
	for i := range f.acts {
		f.use(&f.acts[i])
	}
	b.plain(l.older, f)
	f.variables, _ = openapi.Variables(l.older.Template)
	c := comparison{b, make(map[[2]*shape]bool)}
	c.pair(root, parameterShape(b.new, l.newer))
	return f
}

// use notes which sources a change reads or writes.
func (f *fieldProgram) use(a *act) {
	if a.ahead.chosen {
		for _, s := range a.steps {
			for _, p := range slices.Concat(s.older(), s.newer()) {
				f.used[p.tokens[0]] = true
			}
		}
	}
	for _, w := range a.ahead.members {
		f.used[w.name] = true
	}
}

// plain refuses changes of parameters that are more than a text or a list of texts.
func (b *boundary) plain(op *openapi.Operation, f *fieldProgram) {
	for i := range op.Parameters {
		p := &op.Parameters[i]
		style := p.Content != "" || !slices.Contains([]string{"form", "simple"}, p.Style)
		kinds := f.declared[p.In+" "+fieldName(p)].kinds
		structured := style || kinds != 0 && kinds&(1<<kindObject) != 0
		if !structured {
			continue
		}
		for j := range f.acts {
			if s := f.acts[j].reaches(p.In, fieldName(p)); s != nil {
				b.add(s.where().flaw(fmt.Sprintf("the parameter %s of %s is written in a form that cannot be changed", p.Name, op.ID),
					"texts and lists of texts can: style form or simple, without content"))
			}
		}
	}
}

// reaches returns a step of a change that works on a parameter, or nil.
func (a *act) reaches(in, name string) step {
	for _, w := range a.ahead.members {
		if w.name == in && slices.ContainsFunc(w.walk.members, func(m way) bool { return m.name == name }) {
			return a.steps[0]
		}
	}
	for _, s := range a.steps {
		for _, p := range s.older() {
			if a.ahead.chosen && len(p.tokens) > 1 && p.tokens[0] == in && p.tokens[1] == name {
				return s
			}
		}
	}
	return nil
}

// fieldNote is what a parameter was before the change: written again as it came if
// nothing has become of it.
type fieldNote struct {
	value *value
	text  string
	raw   []string
}

// fieldWork is one request's parameters while they are carried forward.
type fieldWork struct {
	*fieldProgram
	document *document
	notes    []fieldNote
}

// carry carries the parameters of a request forward.
func (f *fieldProgram) carry(r *Request, values map[string]string) *Failure {
	d := &document{root: value{kind: kindObject, opened: true}}
	w := &fieldWork{fieldProgram: f, document: d}
	for _, source := range sources {
		if f.used[source] {
			d.root.put(source, w.read(source, r, values))
		}
	}
	if failure := f.forward(d); failure != nil {
		return failure
	}
	for _, source := range sources {
		if f.used[source] {
			w.write(source, r, values, d.root.get(source))
		}
	}
	return nil
}

// read makes the document of one source.
func (w *fieldWork) read(source string, r *Request, values map[string]string) *value {
	object := newObject()
	switch source {
	case "query":
		for pair := range strings.SplitSeq(r.Query, "&") {
			if pair == "" {
				continue
			}
			name, raw, _ := strings.Cut(pair, "=")
			w.occurrence(object, source, unescapeQuery(name), raw, unescapeQuery)
		}
	case "path":
		for _, name := range w.variables {
			if text, ok := values[name]; ok {
				w.occurrence(object, source, name, text, plainText)
			}
		}
	case "header":
		for key := range w.named("header") {
			for _, line := range r.Header[key] {
				w.occurrence(object, source, key, line, plainText)
			}
		}
	case "cookie":
		for _, c := range (&http.Request{Header: r.Header}).Cookies() {
			w.occurrence(object, source, c.Name, c.Value, plainText)
		}
	}
	return object
}

func plainText(s string) string { return s }

// named are the header fields that the program can speak of.
func (w *fieldWork) named(in string) map[string]bool {
	names := make(map[string]bool)
	for key := range w.declared {
		if source, name, _ := strings.Cut(key, " "); source == in {
			names[name] = true
		}
	}
	for i := range w.acts {
		for _, s := range w.acts[i].steps {
			for _, p := range slices.Concat(s.older(), s.newer()) {
				if len(p.tokens) > 1 && p.tokens[0] == in {
					names[p.tokens[1]] = true
				}
			}
		}
	}
	return names
}

// occurrence adds one occurrence of a parameter.
func (w *fieldWork) occurrence(object *value, source, name, raw string, decode func(string) string) {
	how := w.declared[source+" "+name]
	texts := []string{raw}
	if how.list && !how.explode {
		texts = strings.Split(raw, ",")
	}
	v := object.get(name)
	if v == nil {
		v = &value{kind: kindArray, opened: true}
		if !how.list {
			v = how.value(decode(raw))
		}
		object.put(name, v)
		w.notes = append(w.notes, fieldNote{value: v})
	} else if !how.list && v.kind != kindArray {
		first := *v
		*v = value{kind: kindArray, opened: true, items: []*value{&first}}
	}
	if v.kind == kindArray && v.opened {
		for _, text := range texts {
			v.items = append(v.items, how.value(decode(text)))
		}
	}
	for i := range w.notes {
		if w.notes[i].value == v {
			w.notes[i].raw = append(w.notes[i].raw, raw)
			w.notes[i].text = string(v.write(nil))
		}
	}
}

// value makes a value of a text, with the type that the contract gives it.
func (p *parameter) value(text string) *value {
	scalars := p.kinds & (1<<kindNumber | 1<<kindBoolean | 1<<kindString)
	switch {
	case scalars == 1<<kindNumber && text != "" && numberLength(text) == len(text),
		scalars == 1<<kindBoolean && (text == "true" || text == "false"):
		return made(text)
	}
	return madeString(text)
}
