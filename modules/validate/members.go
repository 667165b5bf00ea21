package validate

import "strings"

// buildObject reads an object that is written in one piece.
func (f *field) buildObject(b *builder, raw string) *fault {
	parts, wrong := f.parts(raw, false)
	if wrong != nil {
		return wrong
	}
	members := make([]pair, 0, len(parts))
	if f.explode && (f.style == styleSimple || f.style == styleLabel || f.style == styleMatrix) {
		for _, part := range parts {
			name, value, ok := strings.Cut(part, "=")
			if !ok {
				return faultStyle
			}
			members = append(members, pair{name, value})
		}
	} else {
		if len(parts)%2 != 0 {
			return faultStyle
		}
		for i := 0; i < len(parts); i += 2 {
			members = append(members, pair{parts[i], parts[i+1]})
		}
	}
	for i := range members {
		if members[i].name, wrong = f.text(members[i].name); wrong != nil {
			return wrong
		}
	}
	return f.buildMembers(b, members)
}

// buildMembers reads an object from its members, which are scalars, or arrays where
// the schema says so.
func (f *field) buildMembers(b *builder, members []pair) *fault {
	object := b.open(kindObject)
	for i, member := range members {
		if first := indexOf(members, member.name); first < i {
			if f.properties[member.name].kinds()&typeArray == 0 || f.properties[member.name].kinds() == anyType {
				return faultDuplicate
			}
			continue
		}
		b.string(member.name)
		if wrong := f.buildMember(b, member, members); wrong != nil {
			return wrong
		}
	}
	b.close(object)
	return nil
}

func indexOf(members []pair, name string) int {
	for i := range members {
		if members[i].name == name {
			return i
		}
	}
	return -1
}

func (f *field) buildMember(b *builder, member pair, members []pair) *fault {
	kinds := anyType
	property := f.properties[member.name]
	if property != nil {
		kinds = property.kinds()
	}
	if kinds&typeArray == 0 || kinds == anyType {
		s, wrong := f.text(member.raw)
		if wrong == nil {
			b.scalar(s, kinds)
		}
		return wrong
	}
	array, itemKinds := b.open(kindArray), property.item().kinds()
	for _, other := range members {
		if other.name != member.name {
			continue
		}
		s, wrong := f.text(other.raw)
		if wrong != nil {
			return wrong
		}
		b.scalar(s, itemKinds)
	}
	b.close(array)
	return nil
}
