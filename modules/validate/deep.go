package validate

import (
	"strconv"
	"strings"
)

// maxDeep bounds the nesting of deepObject.
const maxDeep = 8

// branch is one member of a nested object that is put together from its leaves.
type branch struct {
	name   string
	below  []*branch
	leaves []string // decoded
}

// buildDeep reads filter[a]=1&filter[b][c]=2. Nothing is reserved by an index or a
// depth that a name claims: the work is bounded by what was sent.
func (f *field) buildDeep(b *builder, occurrences []pair) *fault {
	root := new(branch)
	for _, occurrence := range occurrences {
		path, ok := deepPath(occurrence.name[len(f.name):])
		if !ok {
			return faultStyle
		}
		if len(path) > maxDeep {
			return faultDeep
		}
		leaf := root
		for _, name := range path {
			leaf = leaf.member(name)
		}
		s, wrong := f.text(occurrence.raw)
		if wrong != nil {
			return wrong
		}
		leaf.leaves = append(leaf.leaves, s)
	}
	return root.build(b, f.node, f.kinds)
}

// deepPath reads "[a][b]".
func deepPath(suffix string) (path []string, ok bool) {
	for suffix != "" {
		if suffix[0] != '[' {
			return nil, false
		}
		name, rest, closed := strings.Cut(suffix[1:], "]")
		if !closed || strings.ContainsRune(name, '[') {
			return nil, false
		}
		path, suffix = append(path, name), rest
	}
	return path, len(path) > 0
}

func (br *branch) member(name string) *branch {
	for _, below := range br.below {
		if below.name == name {
			return below
		}
	}
	below := &branch{name: name}
	br.below = append(br.below, below)
	return below
}

func (br *branch) build(b *builder, n *node, kinds types) *fault {
	isArray := kinds&typeArray != 0 && kinds != anyType
	switch {
	case len(br.leaves) > 0 && len(br.below) > 0:
		return faultStyle
	case len(br.below) > 0 && isArray && br.indexed():
		return br.buildItems(b, n.item())
	case len(br.below) > 0:
		object := b.open(kindObject)
		for _, below := range br.below {
			b.string(below.name)
			property := n.property(below.name)
			if wrong := below.build(b, property, property.kinds()); wrong != nil {
				return wrong
			}
		}
		b.close(object)
	case isArray:
		array, itemKinds := b.open(kindArray), n.item().kinds()
		for _, leaf := range br.leaves {
			b.scalar(leaf, itemKinds)
		}
		b.close(array)
	case len(br.leaves) > 1:
		return faultRepeated
	default:
		b.scalar(br.leaves[0], kinds)
	}
	return nil
}

// indexed tells that the members are 0, 1, 2 … in this order, or all in one [].
func (br *branch) indexed() bool {
	if len(br.below) == 1 && br.below[0].name == "" && len(br.below[0].below) == 0 {
		return true
	}
	for i, below := range br.below {
		if below.name != strconv.Itoa(i) {
			return false
		}
	}
	return true
}

func (br *branch) buildItems(b *builder, item *node) *fault {
	array, kinds := b.open(kindArray), item.kinds()
	for _, below := range br.below {
		if below.name == "" {
			for _, leaf := range below.leaves {
				b.scalar(leaf, kinds)
			}
			continue
		}
		if wrong := below.build(b, item, kinds); wrong != nil {
			return wrong
		}
	}
	b.close(array)
	return nil
}
