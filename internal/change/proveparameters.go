package change

import (
	"fmt"
	"slices"

	"gateway/internal/instance"
	"gateway/internal/openapi"
)

// parameters carries sets of parameters forward: each set has one value for each
// parameter, and what becomes of them has to be what the newer contract asks for.
func (t *tester) parameters(b *boundary, l *leg) {
	if l.fields == nil {
		return
	}
	t.result.Bodies++
	for variant := range t.budget.Instances {
		d := &document{root: value{kind: kindObject, opened: true}}
		for _, source := range sources {
			d.root.put(source, newObject())
		}
		for i := range l.older.Parameters {
			p := &l.older.Parameters[i]
			if !p.Required && variant%3 == 2 || p.Content != "" {
				continue
			}
			texts := slices.Concat(t.examples(b.older.Contract, instance.Request, p.Schema, p.Examples), t.instances(b.older.Contract, instance.Request, b.old.resolve(p.Schema)))
			if len(texts) > 0 {
				d.root.get(p.In).put(fieldName(p), made(texts[variant%len(texts)]))
			}
		}
		t.result.Documents++
		from := string(d.root.write(nil))
		if e := t.set(b, l, d); e != nil {
			e.Older, e.Newer, e.Operation, e.Place, e.From = b.older.Name, b.newer.Name, l.older.ID, l.older.Method+" "+b.older.template(l.older), from
			t.result.Counterexamples = append(t.result.Counterexamples, *e)
			return
		}
	}
}

// set carries one set forward, and returns what is wrong, nil if nothing is.
func (t *tester) set(b *boundary, l *leg, d *document) *Counterexample {
	if failure := l.fields.forward(d); failure != nil {
		return &Counterexample{Where: "the parameters", Problem: "they cannot be carried: " + failure.Message, Change: failure.Change}
	}
	to := string(d.root.write(nil))
	for i := range l.newer.Parameters {
		p := &l.newer.Parameters[i]
		where := fmt.Sprintf("parameter %s %s", p.In, fieldName(p))
		v := d.root.get(p.In).get(fieldName(p))
		switch {
		case v == nil && p.In == "path" && unnamed(b.older.template(l.older)) == unnamed(b.newer.template(l.newer)): // another name of the same
		case v == nil && p.Required:
			return &Counterexample{Where: where, Problem: b.newer.label() + " requires it, and requests of old clients do not have it", To: to, Change: l.fields.last()}
		case v == nil:
		default:
			if err := t.check(b.newer.Contract, instance.Request, p.Schema, v.write(nil)); err != nil && !t.asText(b.newer, instance.Request, p, v) {
				return &Counterexample{Where: where, Problem: fmt.Sprintf("what becomes of it breaks the contract of %s: %v", b.newer.label(), err), To: to, Change: l.fields.last()}
			}
		}
	}
	return nil
}

// asText tells whether a value is valid as the text that it is in a query: there 5 is as
// good a text as a number.
func (t *tester) asText(in *Version, side instance.Side, p *openapi.Parameter, v *value) bool {
	texts := v.texts()
	if len(texts) != 1 {
		return false
	}
	other := appendString(nil, texts[0])
	if v.kind == kindString && texts[0] != "" && numberLength(texts[0]) == len(texts[0]) {
		other = []byte(texts[0])
	}
	return t.check(in.Contract, side, p.Schema, other) == nil
}

func (p *program) last() *Change { return p.acts[len(p.acts)-1].change }
