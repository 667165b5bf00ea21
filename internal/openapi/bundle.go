package openapi

import "encoding/json"

// bundler writes the contract as one JSON document. Plain, it says what the files
// say; otherwise schemas are rewritten to JSON Schema 2020-12, and the document
// calls itself OpenAPI 3.1, unless it says what only 3.2 can say.
type bundler struct {
	*checker
	plain bool
	// parts is the member "components" of the root.
	parts *node
	out   []byte
	// traced writes one member or item a line, and notes where each comes from.
	traced bool
	lines  []Line
	line   int // of out, from 0
}

// bundle returns the document.
func (c *checker) bundle(plain bool) []byte {
	b := &bundler{checker: c, plain: plain, parts: c.root.get("components")}
	b.value(c.root)
	return b.out
}

// value writes n and everything below.
func (b *bundler) value(n *node) {
	b.trace(n)
	if n.target != nil && n.kind == isObject {
		b.reference(n)
		return
	}
	switch {
	case n.kind == isString && n.target != nil:
		b.text("#" + fragment(b.pointer(n.target)))
	case n.kind == isString:
		b.text(n.text)
	case n.kind == isNull:
		b.out = append(b.out, "null"...)
	case n.kind == isList:
		b.list(n.values)
	case n.kind == isObject && !b.plain && n.shape != nil && n.shape.schema:
		b.schema(n)
	case n.kind == isObject:
		b.object(n)
	default:
		b.out = append(b.out, n.text...)
	}
}

// reference writes an object with "$ref". A path item of another file stands in the
// place from which it was referred to first; everything else keeps its reference.
func (b *bundler) reference(n *node) {
	if n.shape.section == "pathItems" && n.target.adopted != "" && n.target.adopted == b.pointer(n) {
		b.value(n.target)
		return
	}
	if n.shape.section == mediaTypes { // few tools know references to media types
		b.value(n.follow())
		return
	}
	b.out = append(b.out, `{"$ref":`...)
	b.text("#" + fragment(b.pointer(n.target)))
	if b.version >= v31 && n.shape.schema && !b.plain {
		b.keywords(n, func(key string) bool { return key != "$ref" })
	}
	b.out = append(b.out, '}')
}

// object writes the members as they are.
func (b *bundler) object(n *node) {
	b.out = append(b.out, '{')
	for _, v := range n.values {
		b.next()
		switch {
		case n == b.root && v.key == "openapi" && !b.plain && (b.version == v30 || b.version == v32 && !b.modern):
			b.out = append(b.out, `"openapi":"3.1.0"`...)
		case v == b.parts:
			b.text("components")
			b.out = append(b.out, ':')
			b.components(v)
		default:
			b.member(v)
		}
	}
	if n == b.root && len(b.adopted) > 0 && b.parts == nil {
		b.next()
		b.out = append(b.out, `"components":`...)
		b.components(&node{kind: isObject})
	}
	b.out = append(b.out, '}')
}

// components writes the components with what was adopted.
func (b *bundler) components(n *node) {
	adopted := make(map[string][]*node)
	var sections []string
	for _, a := range b.adopted {
		section := a.shape.section
		if adopted[section] == nil && n.get(section) == nil {
			sections = append(sections, section)
		}
		adopted[section] = append(adopted[section], a)
	}
	b.out = append(b.out, '{')
	for _, v := range n.values {
		b.next()
		b.section(v.key, v, adopted[v.key])
	}
	for _, section := range sections {
		b.next()
		b.section(section, &node{kind: isObject}, adopted[section])
	}
	b.out = append(b.out, '}')
}

func (b *bundler) section(key string, n *node, adopted []*node) {
	b.text(key)
	b.out = append(b.out, ':')
	if n.kind != isObject || n.shape == nil && len(adopted) == 0 {
		b.value(n)
		return
	}
	b.out = append(b.out, '{')
	for _, v := range n.values {
		b.next()
		b.member(v)
	}
	for _, a := range adopted {
		b.next()
		b.text(unescape(a.adopted[len("/components/"+key+"/"):]))
		b.out = append(b.out, ':')
		b.value(a)
	}
	b.out = append(b.out, '}')
}

func (b *bundler) member(v *node) {
	b.text(v.key)
	b.out = append(b.out, ':')
	b.value(v)
}

func (b *bundler) list(values []*node) {
	b.out = append(b.out, '[')
	for _, v := range values {
		b.next()
		b.value(v)
	}
	b.out = append(b.out, ']')
}

// next puts a comma where one is due.
func (b *bundler) next() {
	if last := b.out[len(b.out)-1]; last != '{' && last != '[' {
		b.out = append(b.out, ',')
	}
	if b.traced {
		b.out = append(b.out, '\n')
		b.line++
	}
}

// text writes a string.
func (b *bundler) text(s string) {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= 0x7f {
			quoted, _ := json.Marshal(s) // cannot fail for a string
			b.out = append(b.out, quoted...)
			return
		}
	}
	b.out = append(b.out, '"')
	b.out = append(b.out, s...)
	b.out = append(b.out, '"')
}

// fragment percent-encodes a JSON Pointer for a URI (RFC 6901 §6, RFC 3986 §3.5).
func fragment(pointer string) string {
	const hex = "0123456789ABCDEF"
	var out []byte
	for i := 0; i < len(pointer); i++ {
		switch c := pointer[i]; {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9',
			c == '/', c == '~', c == '-', c == '.', c == '_', c == '$', c == '!', c == '*', c == ',', c == ':', c == '@', c == '=', c == '+', c == ';':
			out = append(out, c)
		default:
			out = append(out, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(out)
}

// schema writes a schema in the form of JSON Schema 2020-12.
func (b *bundler) schema(n *node) {
	b.out = append(b.out, '{')
	if b.wrapped(n) {
		b.keywords(n, outside)
		b.next()
		b.out = append(b.out, `"anyOf":[{`...)
		b.keywords(n, func(key string) bool { return !outside(key) })
		b.out = append(b.out, `},{"type":"null"}]`...)
	} else {
		b.keywords(n, func(string) bool { return true })
	}
	b.out = append(b.out, '}')
}

// keywords writes the keywords of n that are wanted.
func (b *bundler) keywords(n *node, wanted func(key string) bool) {
	null := b.version == v30 && n.truth("nullable") && !b.wrapped(n)
	for i, v := range n.values {
		key := n.names[i].text
		if !wanted(key) {
			continue
		}
		switch {
		case key == "$schema":
		case key == "nullable" && b.version == v30:
		case key == "example" && n.get("examples") != nil:
		case v.kind == isBoolean && (key == "exclusiveMinimum" || key == "exclusiveMaximum"):
		case key == "minimum" && n.truth("exclusiveMinimum"), key == "maximum" && n.truth("exclusiveMaximum"):
			b.raw("exclusiveM"+key[1:], v.text)
		case key == "example":
			b.open("examples")
			b.list([]*node{v})
		case key == "type" && null:
			b.open(key)
			b.list([]*node{v, {kind: isString, text: "null"}})
		case key == "enum" && null && !hasNull(v):
			b.open(key)
			b.list(append(v.values[:len(v.values):len(v.values)], &node{kind: isNull}))
		case key == "pattern" && v.kind == isString:
			b.open(key)
			b.text(re2(v.text))
		case key == "patternProperties" && v.kind == isObject:
			b.patterns(v)
		default:
			b.next()
			b.member(v)
		}
	}
}

// patterns writes "patternProperties" with its expressions translated.
func (b *bundler) patterns(n *node) {
	b.open(n.key)
	b.out = append(b.out, '{')
	for _, v := range n.values {
		b.open(re2(v.key))
		b.value(v)
	}
	b.out = append(b.out, '}')
}

// open writes the name of a member.
func (b *bundler) open(key string) {
	b.next()
	b.text(key)
	b.out = append(b.out, ':')
}

// raw writes a member whose value is JSON already.
func (b *bundler) raw(key, value string) {
	b.open(key)
	b.out = append(b.out, value...)
}

func hasNull(list *node) bool {
	for _, v := range list.values {
		if v.kind == isNull {
			return true
		}
	}
	return false
}
