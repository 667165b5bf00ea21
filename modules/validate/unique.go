package validate

import (
	"hash/maphash"

	"gateway/internal/problem"
)

// few is the number of members up to which comparing each with each is cheapest.
const few = 8

var nameSeed = maphash.MakeSeed()

// unique refuses an object that has a member twice. Names are compared decoded:
// "a" and "\u0061" are the same name.
func (s *scanner) unique(object int) *syntaxError {
	var names [few]int
	n := 0
	for j, end := object+1, int(s.values[object].next); j < end; {
		if n == few {
			return s.uniqueMany(object)
		}
		for _, other := range names[:n] {
			if s.sameString(j, other) {
				return s.duplicate(j)
			}
		}
		names[n] = j
		n++
		j = int(s.values[j+1].next)
	}
	return nil
}

// uniqueMany is unique for any number of members: an open hash table whose seed no
// client knows.
func (s *scanner) uniqueMany(object int) *syntaxError {
	size := 16
	for size < 2*s.len(object) {
		size *= 2
	}
	table := make([]uint32, size) // of the indexes of names; 0 is free, it is never a name
	for j, end := object+1, int(s.values[object].next); j < end; {
		slot := maphash.String(nameSeed, s.string(j)) & uint64(size-1)
		for ; table[slot] != 0; slot = (slot + 1) & uint64(size-1) {
			if s.sameString(j, int(table[slot])) {
				return s.duplicate(j)
			}
		}
		table[slot] = uint32(j)
		j = int(s.values[j+1].next)
	}
	return nil
}

func (s *scanner) sameString(i, j int) bool {
	a, b := &s.values[i], &s.values[j]
	if !a.escaped && !b.escaped {
		return s.text[a.start:a.end] == s.text[b.start:b.end]
	}
	return s.string(i) == s.string(j)
}

func (s *scanner) duplicate(name int) *syntaxError {
	s.at = int(s.values[name].start) - 1
	return s.fail(problem.SchemaDuplicateKey, "the member stands twice in its object")
}
