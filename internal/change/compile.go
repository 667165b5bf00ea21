package change

import (
	"fmt"
	"slices"
	"strings"

	"gateway/internal/finding"
	"gateway/internal/openapi"
)

// program carries the bodies of one kind from one version to the next and back. It has
// only the changes that touch them.
type program struct {
	acts []act
	// root is what the older contract has for the body.
	root openapi.Schema
}

// act is one change within one body.
type act struct {
	change *Change
	// ahead leads to the values in the old form, behind to those in the new one.
	ahead, behind *walk
	steps         []step
	// own tells that the steps are those of an operation, not of a schema.
	own bool
}

// boundary is two neighbouring versions while their changes are compiled.
type boundary struct {
	older, newer *Version
	old, new     *schemas
	changes      []*Change
	pairs        map[*openapi.Operation]*openapi.Operation
	found        finding.List
	// touched are the steps that have found their place somewhere; missed is why one has
	// not, by where it stands.
	touched map[finding.Position]bool
	missed  map[finding.Position]*finding.Error
	refs    map[string][]string // of the older contract's schemas, by name
	legs    map[*openapi.Operation]*leg
	part    string // what is compiled: operation and side
}

func (b *boundary) add(e *finding.Error) {
	if e != nil && !slices.ContainsFunc(b.found, func(o *finding.Error) bool { return o.At == e.At && o.Message == e.Message }) {
		b.found = append(b.found, e)
	}
}

// compile makes the legs of all operations of the older version.
func (b *boundary) compile() error {
	b.names()
	b.pair()
	if len(b.found) > 0 {
		return b.found.Err()
	}
	b.legs = make(map[*openapi.Operation]*leg)
	for _, op := range b.older.Contract.Operations {
		if l := b.leg(op); l != nil {
			b.legs[op] = l
		}
	}
	for at, flaw := range b.missed {
		if !b.touched[at] {
			b.add(flaw)
		}
	}
	b.idle()
	slices.SortStableFunc(b.found, func(x, y *finding.Error) int {
		return strings.Compare(fmt.Sprintf("%s:%09d:%09d", x.At.File, x.At.Line, x.At.Column), fmt.Sprintf("%s:%09d:%09d", y.At.File, y.At.Line, y.At.Column))
	})
	return b.found.Err()
}

// names checks the names of schemas and operations.
func (b *boundary) names() {
	named := sortedKeys(b.old.named())
	var ids []string
	for _, op := range b.older.Contract.Operations {
		ids = append(ids, op.ID)
	}
	for _, c := range b.changes {
		for _, w := range c.schemas {
			if !slices.Contains(named, w.text) {
				b.add(w.flaw(fmt.Sprintf("%s has no schema %s", b.older.label(), w.text), nearest(w.text, named)))
			}
		}
		for _, w := range c.operations {
			if !slices.Contains(ids, w.text) {
				b.add(w.flaw(fmt.Sprintf("%s has no operation %s", b.older.label(), w.text), nearest(w.text, ids)))
			}
		}
	}
}

// label names a version in messages.
func (v *Version) label() string {
	if v.Name != "" {
		return "version " + v.Name
	}
	return v.Contract.File
}

// nearest is a hint for a name that is not there, of many at most a few.
func nearest(name string, known []string) string {
	if near := finding.Nearest(name, known); near != "" || len(known) <= 8 {
		return finding.Suggest(name, known...)
	}
	return "one of: " + strings.Join(known[:8], ", ") + fmt.Sprintf(" and %d more", len(known)-8)
}

// pair finds what became of every operation.
func (b *boundary) pair() {
	b.pairs = make(map[*openapi.Operation]*openapi.Operation)
	byID, byPath := make(map[string]*openapi.Operation), make(map[string]*openapi.Operation)
	for _, op := range b.newer.Contract.Operations {
		byID[op.ID] = op
		byPath[op.Method+" "+unnamed(b.newer.template(op))] = op
	}
	became := make(map[string]word)
	for _, c := range b.changes {
		if c.becomes != nil {
			became[c.operations[0].text] = *c.becomes
		}
	}
	for _, op := range b.older.Contract.Operations {
		if w, ok := became[op.ID]; ok {
			if b.pairs[op] = byID[w.text]; byID[w.text] == nil {
				b.add(w.flaw(fmt.Sprintf("%s has no operation %s", b.newer.label(), w.text), nearest(w.text, sortedNames(byID))))
			}
			continue
		}
		if same := byPath[op.Method+" "+unnamed(b.older.template(op))]; same != nil {
			b.pairs[op] = same
		} else if same := byID[op.ID]; same != nil {
			b.pairs[op] = same
		}
	}
}

// template is the path template of an operation without the version in front of it.
func (v *Version) template(op *openapi.Operation) string {
	if rest, ok := strings.CutPrefix(op.Template, "/"+v.Name+"/"); ok && v.Name != "" {
		return "/" + rest
	}
	return op.Template
}

// unnamed is a template whose variables have no names: another name is no other path.
func unnamed(template string) string {
	var b strings.Builder
	for rest := template; ; {
		text, after, found := strings.Cut(rest, "{")
		b.WriteString(text)
		if !found {
			return b.String()
		}
		b.WriteString("{}")
		_, rest, _ = strings.Cut(after, "}")
	}
}

// body compiles the changes of one body: those of schemas, and own steps of the
// operation's part. nil if none touches it.
func (b *boundary) body(op *openapi.Operation, root *shape, pointer openapi.Schema, own func(*Change) []step) *program {
	p := &program{root: pointer}
	for _, c := range b.changes {
		if len(c.schemas) > 0 {
			b.act(p, op, c, root, c.targets(root), c.steps, false)
		}
		if steps := own(c); len(steps) > 0 && c.names(op) {
			b.act(p, op, c, root, map[*shape]bool{root: true}, steps, true)
		}
	}
	if len(p.acts) == 0 {
		return nil
	}
	return p
}

// act lets a change reshape a body, and keeps what of it touches the body.
func (b *boundary) act(p *program, op *openapi.Operation, c *Change, root *shape, targets map[*shape]bool, steps []step, own bool) {
	if len(targets) == 0 {
		return
	}
	ahead := newRoute(root, targets)
	a := act{change: c, ahead: ahead.walk(root), own: own}
	b.add(ahead.distinct(steps[0].where()))
	for _, original := range steps {
		s, touched := original.fresh(), false
		made := s.where()
		if places := s.newer(); len(places) > 0 {
			made = places[0].word
		}
		for _, t := range current(root, targets) {
			b.markPlaces(c, t, s.older())
			ok, flaw := s.reshape(t, &site{c, made})
			touched = touched || ok
			switch at := s.where().at; {
			case ok && flaw != nil:
				b.add(flaw)
			case ok:
				b.touched[at] = true
			case b.missed[at] == nil:
				b.missed[at] = flaw
			}
		}
		if touched {
			a.steps = append(a.steps, s)
			b.lossy(c, s)
			b.markNames(c, s)
		}
	}
	if len(a.steps) == 0 {
		return
	}
	after := make(map[*shape]bool)
	for _, s := range current(root, targets) {
		after[s] = true
	}
	a.behind = newRoute(root, after).walk(root)
	if a.ahead == nil || a.behind == nil {
		return
	}
	p.acts = append(p.acts, a)
	c.touches(op)
}

// lossy refuses a step that loses something in a change that says it does not.
func (b *boundary) lossy(c *Change, s step) {
	if loss := s.loss(); loss != "" && c.Lossless {
		b.add(s.where().flaw("the step loses "+loss+", and the change does not say so", "add lossless: false, and loses: with a sentence for people"))
	}
}

// touches notes that the change touches an operation.
func (c *Change) touches(op *openapi.Operation) {
	if !slices.Contains(c.Operations, op.ID) {
		c.Operations = append(c.Operations, op.ID)
	}
}

// idle reports changes that touch nothing.
func (b *boundary) idle() {
	for _, c := range b.changes {
		if len(c.Operations) == 0 && len(b.found) == 0 {
			at := word{"description", finding.Position(c.Source)}
			b.add(at.flaw("the change touches no operation", "no request or response of "+b.older.label()+" has what it applies to; remove the file, or name the schema that is used"))
		}
	}
}
