package validate

import "unicode/utf8"

// accepts tells whether value i of the document is valid. It is the way of nearly
// all requests: nothing is decoded and nothing allocated. It may only be asked of a
// covered schema, and it only says yes or no; explain.go says why.
func (n *node) accepts(d *document, i int) bool {
	if n == nil || n.always {
		return true
	}
	if n.never || d.steps <= 0 {
		return false
	}
	d.steps--
	return n.acceptsType(d, i) && n.acceptsLiteral(d, i) && n.acceptsContent(d, i) && n.acceptsParts(d, i)
}

func (n *node) acceptsType(d *document, i int) bool {
	if n.types == 0 {
		return true
	}
	switch d.values[i].kind {
	case kindNull:
		return n.types&typeNull != 0
	case kindFalse, kindTrue:
		return n.types&typeBoolean != 0
	case kindString:
		return n.types&typeString != 0
	case kindArray:
		return n.types&typeArray != 0
	case kindObject:
		return n.types&typeObject != 0
	}
	if n.types&typeNumber != 0 {
		return true
	}
	if n.types&typeInteger == 0 {
		return false
	}
	number := newNumber(d.literal(i))
	return number.integer()
}

func (n *node) acceptsLiteral(d *document, i int) bool {
	if n.fixed && !d.equals(i, n.constant) {
		return false
	}
	if n.enum == nil {
		return true
	}
	for _, literal := range n.enum {
		if d.equals(i, literal) {
			return true
		}
	}
	return false
}

// acceptsContent checks what depends on the kind of the value.
func (n *node) acceptsContent(d *document, i int) bool {
	switch d.values[i].kind {
	case kindNumber:
		return n.acceptsNumber(d.literal(i))
	case kindString:
		return n.acceptsString(d, i)
	case kindArray:
		return n.acceptsArray(d, i)
	case kindObject:
		return n.acceptsObject(d, i)
	}
	return true
}

func (n *node) acceptsNumber(literal string) bool {
	if n.minimum == nil && n.maximum == nil && n.exclusiveMinimum == nil && n.exclusiveMaximum == nil && n.multipleOf == nil && n.formatRange == nil {
		return true
	}
	number := newNumber(literal)
	return (n.formatRange == nil || n.formatRange.has(&number)) &&
		(n.minimum == nil || number.compare(n.minimum) >= 0) &&
		(n.maximum == nil || number.compare(n.maximum) <= 0) &&
		(n.exclusiveMinimum == nil || number.compare(n.exclusiveMinimum) > 0) &&
		(n.exclusiveMaximum == nil || number.compare(n.exclusiveMaximum) < 0) &&
		(n.multipleOf == nil || number.multipleOf(n.multipleOf))
}

func (n *node) acceptsString(d *document, i int) bool {
	if n.minLength < 0 && n.maxLength < 0 && n.pattern == nil && n.formatCheck == nil {
		return true
	}
	s := d.string(i)
	if n.minLength > 0 || n.maxLength >= 0 {
		length := utf8.RuneCountInString(s)
		if length < n.minLength || n.maxLength >= 0 && length > n.maxLength {
			return false
		}
	}
	return (n.pattern == nil || n.pattern.MatchString(s)) && (n.formatCheck == nil || n.formatCheck(s))
}

func (n *node) acceptsArray(d *document, i int) bool {
	length, matching := 0, 0
	for j := i + 1; j < int(d.values[i].next); j = int(d.values[j].next) {
		item := n.items
		if length < len(n.prefixItems) {
			item = n.prefixItems[length]
		}
		if !item.accepts(d, j) {
			return false
		}
		if n.contains != nil && n.contains.accepts(d, j) {
			matching++
		}
		length++
	}
	if length < n.minItems || n.maxItems >= 0 && length > n.maxItems {
		return false
	}
	if n.contains != nil && (matching < n.minContains || n.maxContains >= 0 && matching > n.maxContains) {
		return false
	}
	return !n.uniqueItems || d.distinct(i, length)
}

func (n *node) acceptsObject(d *document, i int) bool {
	length, required := 0, 0
	for j, end := i+1, int(d.values[i].next); j < end; j = int(d.values[j+1].next) {
		name := d.string(j)
		if !n.acceptsMember(d, j, name) {
			return false
		}
		for _, r := range n.required {
			if r == name {
				required++
				break
			}
		}
		length++
	}
	if required < len(n.required) || length < n.minProperties || n.maxProperties >= 0 && length > n.maxProperties {
		return false
	}
	for name, others := range n.dependentRequired {
		if d.member(i, name) < 0 {
			continue
		}
		for _, other := range others {
			if d.member(i, other) < 0 {
				return false
			}
		}
	}
	for name, dependent := range n.dependentSchemas {
		if d.member(i, name) >= 0 && !dependent.accepts(d, i) {
			return false
		}
	}
	return true
}

// acceptsMember checks the member whose name stands at j.
func (n *node) acceptsMember(d *document, j int, name string) bool {
	if n.propertyNames != nil && !n.propertyNames.accepts(d, j) {
		return false
	}
	property, declared := n.properties[name]
	if declared && !property.accepts(d, j+1) {
		return false
	}
	for k := range n.patternProperties {
		if p := &n.patternProperties[k]; p.pattern.MatchString(name) {
			if declared = true; !p.node.accepts(d, j+1) {
				return false
			}
		}
	}
	return declared || n.additionalProperties.accepts(d, j+1)
}

// acceptsParts checks the schemas that apply to the same value.
func (n *node) acceptsParts(d *document, i int) bool {
	if n.ref != nil && !n.ref.accepts(d, i) {
		return false
	}
	for _, part := range n.allOf {
		if !part.accepts(d, i) {
			return false
		}
	}
	if n.anyOf != nil && matches(n.anyOf, d, i, 1) == 0 || n.oneOf != nil && matches(n.oneOf, d, i, 2) != 1 {
		return false
	}
	if n.not != nil && n.not.accepts(d, i) {
		return false
	}
	if n.when == nil {
		return true
	}
	if n.when.accepts(d, i) {
		return n.then.accepts(d, i)
	}
	return n.else_.accepts(d, i)
}

// matches counts the alternatives that accept the value, up to enough.
func matches(alternatives []*node, d *document, i, enough int) int {
	count := 0
	for _, alternative := range alternatives {
		if alternative.accepts(d, i) {
			if count++; count == enough {
				break
			}
		}
	}
	return count
}

// coverable tells whether the checker can decide the schema: neither it nor any
// schema below it has keywords that only the engine understands.
func (n *node) coverable() bool {
	seen := make(map[*node]bool)
	var visit func(*node) bool
	visit = func(n *node) bool {
		if n == nil || seen[n] {
			return true
		}
		seen[n] = true
		n.kindsWithin(0) // remembered, so that requests only read it
		ok := !n.foreign
		n.children(func(child *node) { ok = visit(child) && ok })
		return ok
	}
	return visit(n)
}
