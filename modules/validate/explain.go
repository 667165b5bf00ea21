package validate

import (
	"errors"
	"maps"
	"slices"
	"strconv"
)

// explain says what is wrong with the document; it is nil if the schema accepts it
// after all. An error means that nobody knows, and that it must not pass.
func (s *schema) explain(d *document) (*failure, error) {
	if !s.covered {
		return s.ask(d.decode(0))
	}
	f := d.explain(s.node)
	if d.exhausted() {
		return nil, errExhausted
	}
	return f, nil
}

// errExhausted is returned for a document that would take too long.
var errExhausted = errors.New("the value fits too many alternatives in part")

// explain says why a covered schema does not accept the document. It goes down only
// where the checker says no, and stops after a thousand broken keywords: a body of
// nothing but mistakes must not cost more than a list of mistakes that somebody would
// read. The tree has the form that the engine's errors take, and tests compare the two.
func (d *document) explain(n *node) *failure {
	d.steps = freeSteps + stepsPerValue*len(d.values)
	x := explainer{document: d, left: maxFailures}
	return &failure{node: n, causes: x.value(n, 0, "", "")}
}

// maxFailures bounds the broken keywords that are looked for.
const maxFailures = 1000

// explainer collects failures until there are enough.
type explainer struct {
	*document
	left int
}

// broken makes the failure of one keyword.
func (x *explainer) broken(n *node, keyword, at, path string) *failure {
	x.left--
	return &failure{node: n, keyword: keyword, at: at, path: path}
}

// value explains value i, unless the schema accepts it.
func (x *explainer) value(n *node, i int, at, path string) []*failure {
	if x.left <= 0 || n.accepts(x.document, i) || x.exhausted() {
		return nil
	}
	if n.never {
		return []*failure{x.broken(n, "", at, path)}
	}
	if !n.acceptsType(x.document, i) {
		return []*failure{x.broken(n, "type", at, path)}
	}
	var list []*failure
	add := func(ok bool, keyword string) {
		if !ok {
			list = append(list, x.broken(n, keyword, at, path))
		}
	}
	add(!n.fixed || x.equals(i, n.constant), "const")
	add(n.enum == nil || slices.ContainsFunc(n.enum, func(literal any) bool { return x.equals(i, literal) }), "enum")
	switch x.values[i].kind {
	case kindNumber:
		x.number(n, x.literal(i), add)
	case kindString:
		x.text(n, x.document.string(i), add)
	case kindArray:
		list = append(list, x.array(n, i, at, add)...)
	case kindObject:
		list = append(list, x.object(n, i, at, path, add)...)
	}
	return append(list, x.parts(n, i, at, path, add)...)
}

func (x *explainer) number(n *node, literal string, add func(ok bool, keyword string)) {
	number := newNumber(literal)
	add(n.formatRange == nil || n.formatRange.has(&number), "format")
	add(n.minimum == nil || number.compare(n.minimum) >= 0, "minimum")
	add(n.maximum == nil || number.compare(n.maximum) <= 0, "maximum")
	add(n.exclusiveMinimum == nil || number.compare(n.exclusiveMinimum) > 0, "exclusiveMinimum")
	add(n.exclusiveMaximum == nil || number.compare(n.exclusiveMaximum) < 0, "exclusiveMaximum")
	add(n.multipleOf == nil || number.multipleOf(n.multipleOf), "multipleOf")
}

func (x *explainer) text(n *node, s string, add func(ok bool, keyword string)) {
	length := len([]rune(s))
	add(n.formatCheck == nil || n.formatCheck(s), "format")
	add(length >= n.minLength, "minLength")
	add(n.maxLength < 0 || length <= n.maxLength, "maxLength")
	add(n.pattern == nil || n.pattern.MatchString(s), "pattern")
}

func (x *explainer) array(n *node, i int, at string, add func(ok bool, keyword string)) (list []*failure) {
	length, matching := 0, 0
	for j := i + 1; j < int(x.values[i].next); j = int(x.values[j].next) {
		item, path := n.items, "/items"
		if length < len(n.prefixItems) {
			item, path = n.prefixItems[length], "/prefixItems/"
		}
		if x.left > 0 && !item.accepts(x.document, j) {
			list = append(list, x.value(item, j, at+"/"+strconv.Itoa(length), path)...)
		}
		if n.contains != nil && n.contains.accepts(x.document, j) {
			matching++
		}
		length++
	}
	add(length >= n.minItems, "minItems")
	add(n.maxItems < 0 || length <= n.maxItems, "maxItems")
	add(!n.uniqueItems || x.distinct(i, length), "uniqueItems")
	if n.contains != nil {
		add(matching >= n.minContains, "minContains")
		add(n.maxContains < 0 || matching <= n.maxContains, "maxContains")
	}
	return list
}

func (x *explainer) object(n *node, i int, at, path string, add func(ok bool, keyword string)) (list []*failure) {
	length, strangers := 0, false
	for j := i + 1; j < int(x.values[i].next); j = int(x.values[j+1].next) {
		length++
		name := x.document.string(j)
		if x.left <= 0 || n.acceptsMember(x.document, j, name) {
			continue
		}
		if extra := n.additionalProperties; extra != nil && extra.never && !n.declares(name) {
			strangers = true
		}
		list = append(list, x.member(n, j, name, join(at, name))...)
	}
	add(length >= n.minProperties, "minProperties")
	add(n.maxProperties < 0 || length <= n.maxProperties, "maxProperties")
	add(!slices.ContainsFunc(n.required, func(name string) bool { return x.document.member(i, name) < 0 }), "required")
	add(!strangers, "additionalProperties")
	for _, name := range slices.Sorted(maps.Keys(n.dependentRequired)) {
		if x.document.member(i, name) >= 0 {
			add(!slices.ContainsFunc(n.dependentRequired[name], func(other string) bool { return x.document.member(i, other) < 0 }), "dependentRequired")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(n.dependentSchemas)) {
		if x.document.member(i, name) >= 0 {
			list = append(list, x.value(n.dependentSchemas[name], i, at, path)...)
		}
	}
	return list
}

// member explains the member whose name stands at j.
func (x *explainer) member(n *node, j int, name, at string) (list []*failure) {
	if n.propertyNames != nil {
		list = append(list, x.value(n.propertyNames, j, at, "/propertyNames")...)
	}
	property, declared := n.properties[name]
	if declared {
		list = append(list, x.value(property, j+1, at, "/properties/")...)
	}
	for _, p := range n.patternProperties {
		if p.pattern.MatchString(name) {
			declared = true
			list = append(list, x.value(p.node, j+1, at, "/patternProperties/")...)
		}
	}
	if extra := n.additionalProperties; !declared && extra != nil && !extra.never {
		list = append(list, x.value(extra, j+1, at, "/additionalProperties")...)
	}
	return list
}

// parts explains the schemas that apply to the same value.
func (x *explainer) parts(n *node, i int, at, path string, add func(ok bool, keyword string)) (list []*failure) {
	if n.ref != nil {
		list = x.value(n.ref, i, at, path)
	}
	for _, part := range n.allOf {
		list = append(list, x.value(part, i, at, path)...)
	}
	if n.anyOf != nil && matches(n.anyOf, x.document, i, 1) == 0 {
		list = append(list, x.branches(n, "anyOf", n.anyOf, i, at, path))
	}
	if n.oneOf != nil {
		switch matches(n.oneOf, x.document, i, 2) {
		case 0:
			list = append(list, x.branches(n, "oneOf", n.oneOf, i, at, path))
		case 2:
			add(false, "oneOf")
		}
	}
	add(n.not == nil || !n.not.accepts(x.document, i), "not")
	if n.when != nil {
		branch := n.else_
		if n.when.accepts(x.document, i) {
			branch = n.then
		}
		list = append(list, x.value(branch, i, at, path)...)
	}
	return list
}

// branches explains alternatives of which none matches: one cause for each.
func (x *explainer) branches(n *node, keyword string, alternatives []*node, i int, at, path string) *failure {
	f := x.broken(n, keyword, at, path)
	left := x.left
	defer func() { x.left = left }()
	for _, alternative := range alternatives {
		x.left = max(left, few) // each gets the same chance to be the nearest
		f.causes = append(f.causes, &failure{node: alternative, at: at, path: path, causes: x.value(alternative, i, at, path)})
	}
	return f
}
