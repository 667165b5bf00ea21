package change

import (
	"fmt"
	"slices"
	"strings"

	"gateway/internal/finding"
	"gateway/internal/instance"
	"gateway/internal/openapi"
)

// Check tells how a JSON text breaks a schema of a contract, nil if it keeps it. side is
// who sends the text.
type Check func(c *openapi.Contract, side instance.Side, schema openapi.Schema, text []byte) error

// Budget bounds a proof.
type Budget struct {
	// Instances is how many are generated for one body. Default: 12; fewer for plans
	// with very many bodies, but at least 2.
	Instances int
	// All takes in operations that no change touches.
	All bool
}

// maxInstances is how many instances a plan is proved with, as long as every body can
// have 2: so a contract of 1,000 operations loads within seconds.
const maxInstances = 8_000

// Counterexample is a document that the changes carry to where it does not belong.
type Counterexample struct {
	// Older and Newer are the versions between which it was carried.
	Older, Newer string
	// Operation is that of the older version.
	Operation string
	// Place is its method and path, without the version in front: "GET /orders".
	Place string
	// Where is "request", "response 200" or "parameter query limit".
	Where string
	// Change is the one at fault as far as that is known; nil if no change touches the
	// body.
	Change *Change
	// Problem says what is wrong.
	Problem string
	// From is the document, as small as it still shows the problem, and To what became
	// of it; "" if nothing did.
	From, To string
	// Broken tells that the document breaks the other contract, so that a step is
	// missing or wrong.
	Broken bool
}

// Result counts what a proof has looked at.
type Result struct {
	Bodies, Documents int
	Counterexamples   []Counterexample
}

// Prove refuses a plan that can make an invalid document. Every body that a change
// touches is carried, with the examples of the contracts and instances of their schemas:
// old requests forward, new responses back, and where the changes are lossless, old
// documents there and back again. An operation that is gone without a word is refused as
// well.
func (p *Plan) Prove(check Check, budget Budget) error {
	list := slices.Clone(p.missing)
	for _, e := range p.Test(check, budget).Counterexamples {
		at := finding.Position{File: p.versions[len(p.versions)-1].Contract.File}
		word := ""
		if e.Change != nil {
			at, word = finding.Position(e.Change.Source), "description"
		}
		message := fmt.Sprintf("%s of %s: %s", e.Where, e.Operation, e.Problem)
		hint := "this breaks it: " + e.From
		if e.To != "" {
			hint += " becomes " + e.To
		}
		if e.Broken {
			hint += "; gateway diff lists what no change covers yet, and gateway new change writes steps for it"
		}
		if !slices.ContainsFunc(list, func(o *finding.Error) bool { return o.At == at && o.Message == message }) {
			list = append(list, &finding.Error{Message: message, At: at, Word: word, Hint: hint})
		}
	}
	return list.Err()
}

// Test is Prove with everything that it finds.
func (p *Plan) Test(check Check, budget Budget) Result {
	t := &tester{check: check, budget: budget, documents: make(map[*openapi.Contract]*instance.Document), made: make(map[string][]string), proved: make(map[string]bool)}
	if t.budget.Instances == 0 {
		t.budget.Instances = instance.Variants
		if n := p.bodies(budget.All); n > 0 {
			t.budget.Instances = min(t.budget.Instances, max(2, maxInstances/n))
		}
	}
	for _, b := range p.bounds {
		for _, op := range b.older.Contract.Operations {
			newer := b.pairs[op]
			if l := b.legs[op]; l != nil {
				t.leg(b, l)
			} else if budget.All && newer != nil {
				t.leg(b, &leg{older: op, newer: newer})
			}
		}
	}
	t.chains(p)
	return t.result
}

// bodies is how many bodies there are to prove.
func (p *Plan) bodies(all bool) (n int) {
	for _, b := range p.bounds {
		for _, l := range b.legs {
			n += len(l.request) + len(l.responses)
		}
		if all {
			n += 2 * len(b.pairs)
		}
	}
	return n
}

// tester carries documents and looks at what becomes of them.
type tester struct {
	check     Check
	budget    Budget
	documents map[*openapi.Contract]*instance.Document
	made      map[string][]string // valid instances by contract, side and schema
	proved    map[string]bool     // bodies whose like has been proved
	result    Result
}

// body is one kind of body of one operation.
type body struct {
	*boundary
	*program // nil if nothing changes
	leg      *leg
	where    string
	side     instance.Side
	from, to openapi.Schema
	examples []openapi.Example
}

func (t *tester) leg(b *boundary, l *leg) {
	if l.older.Body != nil && l.newer.Body != nil {
		for _, m := range l.older.Body.Content {
			if newer, ok := b.sameMedia(l.newer.Body.Content, m.Type); ok && isJSON(m.Type) {
				p := find(l.request, m.Type)
				t.forward(&body{b, p, l, "the request", instance.Request, m.Schema, newer.Schema, m.Examples})
			}
		}
	}
	for _, status := range l.older.Statuses() {
		newer, ok := l.newer.Responses[b.became(l.older, status)]
		if !ok {
			continue
		}
		for _, m := range l.older.Responses[status].Content {
			if their, ok := b.sameMedia(newer.Content, m.Type); ok && isJSON(m.Type) {
				p := l.responses[status][m.Type]
				t.back(&body{b, p, l, "response " + status, instance.Response, m.Schema, their.Schema, their.Examples}, m.Examples)
			}
		}
	}
	t.parameters(b, l)
	t.headers(b, l)
}

// sameMedia finds what the newer contract has for a media type of the older one.
func (b *boundary) sameMedia(content []openapi.Media, mediaType string) (openapi.Media, bool) {
	for _, m := range content {
		if m.Type == mediaType {
			return m, true
		}
	}
	for _, m := range content {
		if isJSON(m.Type) && isJSON(mediaType) {
			return m, true
		}
	}
	return openapi.Media{}, false
}

// forward carries old requests, and back again.
func (t *tester) forward(b *body) {
	t.result.Bodies++
	texts := t.examples(b.older.Contract, b.side, b.from, b.examples)
	if t.first(b) {
		texts = append(texts, t.instances(b.older.Contract, b.side, b.old.resolve(b.from))...)
	}
	for _, text := range texts {
		t.result.Documents++
		if t.judge(b, text, b.ahead, false) || b.lossless() && t.judge(b, text, b.round, false) {
			return // one counterexample is enough
		}
	}
}

// back carries new responses back, and old ones there and back again.
func (t *tester) back(b *body, examples []openapi.Example) {
	t.result.Bodies++
	newer := t.examples(b.newer.Contract, b.side, b.to, b.examples)
	older := t.examples(b.older.Contract, b.side, b.from, examples)
	if t.first(b) {
		newer = append(newer, t.instances(b.newer.Contract, b.side, b.new.resolve(b.to))...)
		older = append(older, t.instances(b.older.Contract, b.side, b.old.resolve(b.from))...)
	}
	for _, text := range newer {
		t.result.Documents++
		if t.judge(b, text, b.behind, true) {
			return
		}
	}
	if !b.lossless() {
		return
	}
	for _, text := range older {
		t.result.Documents++
		if t.judge(b, text, b.round, false) {
			return
		}
	}
}

// lossless tells whether old documents have to come back as they were.
func (b *body) lossless() bool {
	return b.program != nil && !slices.ContainsFunc(b.acts, func(a act) bool { return !a.change.Lossless })
}

// judge tries a text, one of the newer contract with reverse, and reports it in its smallest form if it is a counterexample.
func (t *tester) judge(b *body, text string, try trial, reverse bool) bool {
	became, problem, at := try(t, text)
	if problem == "" {
		return false
	}
	from, schema := b.older, b.from
	if reverse {
		from, schema = b.newer, b.to
	}
	text = shrink(text, func(smaller string) bool {
		if t.check(from.Contract, b.side, schema, []byte(smaller)) != nil {
			return false
		}
		made, still, by := try(t, smaller)
		if still == "" {
			return false
		}
		became, problem, at = made, still, by
		return true
	})
	t.result.Counterexamples = append(t.result.Counterexamples, Counterexample{
		Older: b.older.Name, Newer: b.newer.Name, Operation: b.leg.older.ID, Place: b.leg.older.Method + " " + b.older.template(b.leg.older), Where: b.where, Change: at, Problem: problem, From: text, To: became,
		Broken: strings.HasPrefix(problem, breaks),
	})
	return true
}
