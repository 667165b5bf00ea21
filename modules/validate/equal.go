package validate

import (
	"encoding/json"
	"hash/maphash"
)

// equals compares value i with a literal of the schema.
func (d *document) equals(i int, literal any) bool {
	v := &d.values[i]
	switch literal := literal.(type) {
	case nil:
		return v.kind == kindNull
	case bool:
		return v.kind == kindTrue && literal || v.kind == kindFalse && !literal
	case string:
		return v.kind == kindString && d.string(i) == literal
	case json.Number:
		if v.kind != kindNumber {
			return false
		}
		a, b := newNumber(d.literal(i)), newNumber(string(literal))
		return a.equal(&b)
	case []any:
		return v.kind == kindArray && d.equalsItems(i, literal)
	case map[string]any:
		return v.kind == kindObject && d.equalsMembers(i, literal)
	}
	return false
}

func (d *document) equalsItems(i int, literal []any) bool {
	n := 0
	for j := i + 1; j < int(d.values[i].next); j = int(d.values[j].next) {
		if n == len(literal) || !d.equals(j, literal[n]) {
			return false
		}
		n++
	}
	return n == len(literal)
}

func (d *document) equalsMembers(i int, literal map[string]any) bool {
	n := 0
	for j := i + 1; j < int(d.values[i].next); j = int(d.values[j+1].next) {
		member, ok := literal[d.string(j)]
		if !ok || !d.equals(j+1, member) {
			return false
		}
		n++
	}
	return n == len(literal)
}

// distinct tells whether no two items of array i are equal. Short arrays are compared
// pair by pair; long ones through a table of hashes, so that the cost stays linear
// (a million equal-looking items must not cost a million millions).
func (d *document) distinct(i, length int) bool {
	if length > few {
		return d.distinctMany(i, length)
	}
	for a := i + 1; a < int(d.values[i].next); a = int(d.values[a].next) {
		for b := i + 1; b < a; b = int(d.values[b].next) {
			if d.same(a, b) {
				return false
			}
		}
	}
	return true
}

func (d *document) distinctMany(i, length int) bool {
	size := 16
	for size < 2*length {
		size *= 2
	}
	table := make([]uint32, size)
	for a := i + 1; a < int(d.values[i].next); a = int(d.values[a].next) {
		slot := d.hash(a) & uint64(size-1)
		for ; table[slot] != 0; slot = (slot + 1) & uint64(size-1) {
			if d.same(a, int(table[slot])) {
				return false
			}
		}
		table[slot] = uint32(a)
	}
	return true
}

// same compares two values of the document.
func (d *document) same(a, b int) bool {
	if d.values[a].kind != d.values[b].kind {
		return false
	}
	switch d.values[a].kind {
	case kindNumber:
		x, y := newNumber(d.literal(a)), newNumber(d.literal(b))
		return x.equal(&y)
	case kindString:
		return d.string(a) == d.string(b)
	case kindArray:
		return d.sameItems(a, b)
	case kindObject:
		return d.sameMembers(a, b)
	}
	return true
}

func (d *document) sameItems(a, b int) bool {
	i, j := a+1, b+1
	for i < int(d.values[a].next) && j < int(d.values[b].next) {
		if !d.same(i, j) {
			return false
		}
		i, j = int(d.values[i].next), int(d.values[j].next)
	}
	return i == int(d.values[a].next) && j == int(d.values[b].next)
}

func (d *document) sameMembers(a, b int) bool {
	if d.len(a) != d.len(b) {
		return false
	}
	for i := a + 1; i < int(d.values[a].next); i = int(d.values[i+1].next) {
		if j := d.member(b, d.string(i)); j < 0 || !d.same(i+1, j) {
			return false
		}
	}
	return true
}

// hash returns equal numbers for equal values.
func (d *document) hash(i int) uint64 {
	v := &d.values[i]
	switch v.kind {
	case kindNumber:
		return hashNumber(d.literal(i))
	case kindString:
		return maphash.String(nameSeed, d.string(i))
	case kindArray:
		h := uint64(v.kind)
		for j := i + 1; j < int(v.next); j = int(d.values[j].next) {
			h = h*31 + d.hash(j)
		}
		return h
	case kindObject:
		h := uint64(v.kind)
		for j := i + 1; j < int(v.next); j = int(d.values[j+1].next) {
			h += maphash.String(nameSeed, d.string(j)) ^ d.hash(j+1)*31 // in any order
		}
		return h
	}
	return uint64(v.kind)
}

func hashNumber(literal string) uint64 {
	number := newNumber(literal)
	if number.small {
		return maphash.Comparable(nameSeed, number.decimal)
	}
	if d, ok := parseDecimal(string(literalOf(number.big()))); ok {
		return maphash.Comparable(nameSeed, d) // 1e2 is 100
	}
	return maphash.String(nameSeed, number.big().String())
}
