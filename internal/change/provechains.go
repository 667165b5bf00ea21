package change

import (
	"fmt"

	"gateway/internal/instance"
	"gateway/internal/openapi"
)

// headers carries sets of response header fields back: each set has a value for each field
// of the newer contract, and what becomes of them has to be what the older one says.
func (t *tester) headers(b *boundary, l *leg) {
	if l.headers == nil {
		return
	}
	for _, status := range l.older.Statuses() {
		newer, ok := l.newer.Responses[b.became(l.older, status)]
		if !ok {
			continue
		}
		t.result.Bodies++
		for variant := range t.budget.Instances {
			d := &document{root: value{kind: kindObject, opened: true}}
			for i := range newer.Headers {
				p := &newer.Headers[i]
				if !p.Required && variant%3 == 2 || p.Content != "" {
					continue
				}
				texts := append(t.examples(b.newer.Contract, instance.Response, p.Schema, p.Examples), t.instances(b.newer.Contract, instance.Response, b.new.resolve(p.Schema))...)
				if len(texts) > 0 {
					if values := made(texts[variant%len(texts)]).texts(); len(values) == 1 {
						d.root.put(canonicalField(p.Name), madeString(values[0]))
					}
				}
			}
			t.result.Documents++
			from := string(d.root.write(nil))
			if e := t.fieldSet(b, l, status, d); e != nil {
				e.Older, e.Newer, e.Operation, e.Place, e.From = b.older.Name, b.newer.Name, l.older.ID, l.older.Method+" "+b.older.template(l.older), from
				t.result.Counterexamples = append(t.result.Counterexamples, *e)
				return
			}
		}
	}
}

// fieldSet carries one set back, and returns what is wrong, nil if nothing is.
func (t *tester) fieldSet(b *boundary, l *leg, status string, d *document) *Counterexample {
	if failure := l.headers.back(d); failure != nil {
		return &Counterexample{Where: "the header fields of response " + status, Problem: "they cannot be carried: " + failure.Message, Change: failure.Change}
	}
	to := string(d.root.write(nil))
	older := l.older.Responses[status].Headers
	for i := range older {
		p := &older[i]
		where := fmt.Sprintf("field %s of response %s", canonicalField(p.Name), status)
		v := d.root.get(canonicalField(p.Name))
		switch {
		case v == nil && p.Required:
			return &Counterexample{Where: where, Problem: b.older.label() + " requires it, and what the service sends does not have it", To: to, Change: l.headers.last()}
		case v == nil || p.Content != "":
		default:
			if err := t.check(b.older.Contract, instance.Response, p.Schema, v.write(nil)); err != nil && !t.asText(b.older, instance.Response, p, v) {
				return &Counterexample{Where: where, Problem: fmt.Sprintf("what becomes of it breaks the contract of %s: %v", b.older.label(), err), To: to, Change: l.headers.last()}
			}
		}
	}
	return nil
}

// chain is one kind of body of an operation on its way over several boundaries, each of
// which was proved by itself.
type chain struct {
	boundaries []*boundary
	programs   []*program
}

// chains carries bodies over all boundaries: what each of them makes is no example of its
// contract, and may be more than the next one was proved with.
func (t *tester) chains(p *Plan) {
	last := len(p.versions) - 1
	for i := 0; i+1 < last; i++ {
		for _, op := range p.versions[i].Contract.Operations {
			if c := p.carriers[op]; c != nil && len(c.legs) > 1 {
				t.chainRequests(p, i, c)
				t.chainResponses(p, i, c)
			}
		}
	}
}

// leading are the operations that an operation is in each version from i on, but the last.
func (p *Plan) leading(i int, op *openapi.Operation) (list []*openapi.Operation) {
	for _, b := range p.bounds[i:] {
		list = append(list, op)
		op = b.pairs[op]
	}
	return list
}

func (t *tester) chainRequests(p *Plan, i int, c *Carrier) {
	if c.older.Body == nil || c.target.Body == nil {
		return
	}
	for _, m := range c.older.Body.Content {
		if !isJSON(m.Type) {
			continue
		}
		var k chain
		mediaType := m.Type
		for j, op := range p.leading(i, c.older) {
			b := p.bounds[i+j]
			if l := b.legs[op]; l != nil {
				k.add(b, find(l.request, mediaType))
				mediaType = l.requestTypes.forward(mediaType)
			}
		}
		last := p.bounds[len(p.bounds)-1]
		if to, ok := last.sameMedia(c.target.Body.Content, mediaType); ok {
			first := &body{boundary: p.bounds[i], leg: &leg{older: c.older}, where: "the request", side: instance.Request, from: m.Schema, to: to.Schema}
			t.follow(first, last.newer, &k, m.Examples, true)
		}
	}
}

func (t *tester) chainResponses(p *Plan, i int, c *Carrier) {
	for _, status := range c.older.Statuses() {
		for _, m := range c.older.Responses[status].Content {
			if !isJSON(m.Type) {
				continue
			}
			var k chain
			is, mediaType := status, m.Type
			for j, op := range p.leading(i, c.older) {
				b := p.bounds[i+j]
				if l := b.legs[op]; l != nil {
					k.add(b, find(l.responses[is], mediaType))
					types := l.responseTypes[is]
					mediaType = types.forward(mediaType)
				}
				is = b.became(op, is)
			}
			last := p.bounds[len(p.bounds)-1]
			newest, declared := c.target.Responses[is]
			if to, ok := last.sameMedia(newest.Content, mediaType); declared && ok {
				first := &body{boundary: p.bounds[i], leg: &leg{older: c.older}, where: "response " + status, side: instance.Response, from: m.Schema, to: to.Schema}
				t.follow(first, last.newer, &k, to.Examples, false)
			}
		}
	}
}

func (k *chain) add(b *boundary, p *program) {
	if p != nil {
		k.boundaries, k.programs = append(k.boundaries, b), append(k.programs, p)
	}
}

// follow carries the documents of one end to the other. b has the oldest version, and the
// schemas of both ends.
func (t *tester) follow(b *body, newest *Version, k *chain, examples []openapi.Example, forward bool) {
	if len(k.programs) < 2 {
		return
	}
	begin, end, schema, target := b.older, newest, b.from, b.to
	resolved := b.old.resolve(schema)
	if !forward {
		begin, end, schema, target = newest, b.older, b.to, b.from
		resolved = k.boundaries[len(k.boundaries)-1].new.resolve(schema)
	}
	key := fmt.Sprintf("chain %p %d %s %s", b.boundary, b.side, schema, target)
	if t.proved[key] {
		return
	}
	t.proved[key] = true
	t.result.Bodies++
	for _, text := range append(t.examples(begin.Contract, b.side, schema, examples), t.instances(begin.Contract, b.side, resolved)...) {
		t.result.Documents++
		became, problem, at := k.carry(text, forward)
		if problem == "" {
			if err := t.check(end.Contract, b.side, target, []byte(became)); err != nil {
				problem = fmt.Sprintf("what becomes of it over several versions breaks the contract of %s: %v", end.label(), err)
			}
		}
		if problem != "" {
			t.result.Counterexamples = append(t.result.Counterexamples, Counterexample{
				Older: b.older.Name, Newer: newest.Name, Operation: b.leg.older.ID, Place: b.leg.older.Method + " " + b.older.template(b.leg.older), Where: b.where, Change: at, Problem: problem, From: text, To: became,
			})
			return
		}
	}
}

// carry carries a text over all boundaries. The change is the one at fault, or the last.
func (k *chain) carry(text string, forward bool) (became, problem string, at *Change) {
	d, flaw := parse(text)
	if flaw != "" {
		return "", flaw, nil
	}
	defer d.release()
	for i := range k.programs {
		p, do := k.programs[i], (*program).forward
		if !forward {
			p, do = k.programs[len(k.programs)-1-i], (*program).back
		}
		at = p.last()
		if failure := do(p, d); failure != nil {
			return "", "it cannot be carried over several versions: " + failure.Message, failure.Change
		}
	}
	return string(d.root.write(nil)), "", at
}
