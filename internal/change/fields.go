package change

import (
	"fmt"
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
	fields    []string // header fields that it can speak of
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
	f.fields = f.fieldNames()
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

// maxFields bounds the parameters of one source that are carried.
const maxFields = 1000

// carry carries the parameters of a request forward.
func (f *fieldProgram) carry(r *Request, values map[string]string) *Failure {
	d := &document{root: value{kind: kindObject, opened: true}}
	w := &fieldWork{fieldProgram: f}
	for _, source := range sources {
		if !f.used[source] {
			continue
		}
		object, ok := w.read(source, r, values)
		if !ok {
			return &Failure{Message: fmt.Sprintf("there are more than %d parameters", maxFields)}
		}
		d.root.put(source, object)
	}
	w.seal()
	if failure := f.forward(d); failure != nil {
		return failure
	}
	w.look()
	for _, source := range sources {
		if f.used[source] {
			w.write(source, r, values, d.root.get(source))
		}
	}
	if w.unfit {
		return &Failure{Message: "a value cannot stand where the newer version has it"}
	}
	return nil
}
