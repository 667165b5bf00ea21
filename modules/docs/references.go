package docs

import (
	"encoding/json"
	"net/url"
	"strings"
)

// references finds what the references of a document point at: its objects by JSON
// Pointer (RFC 6901), read when they are first asked for. The root is "".
type references map[string]members

// maxReferences bounds a chain of references.
const maxReferences = 16

// follow replaces an object that is a reference by a copy of what it points at. It is
// false for a reference that leads to no object.
func (r references) follow(object *members) bool {
	for range maxReferences {
		raw := object.get("$ref")
		if raw == nil {
			return true
		}
		var ref string
		if json.Unmarshal(raw, &ref) != nil || !strings.HasPrefix(ref, "#/") {
			return false
		}
		pointer, err := url.PathUnescape(ref[1:])
		if err != nil {
			return false
		}
		target, ok := r.at(pointer)
		if !ok {
			return false
		}
		*object = append(members(nil), target...)
	}
	return false
}

// at returns the object at a pointer.
func (r references) at(pointer string) (members, bool) {
	if object, ok := r[pointer]; ok {
		return object, true
	}
	cut := strings.LastIndexByte(pointer, '/')
	if cut < 0 {
		return nil, false
	}
	parent, ok := r.at(pointer[:cut])
	if !ok {
		return nil, false
	}
	name := strings.NewReplacer("~1", "/", "~0", "~").Replace(pointer[cut+1:])
	object, err := readMembers(parent.get(name))
	if err != nil {
		return nil, false
	}
	r[pointer] = object
	return object, true
}
