package exchange

import (
	"net/http"
	"slices"
)

// maxOwned bounds the header fields that the gateway sets on one response, and those it
// adds to Vary. The record has room for usualOwned of them.
const (
	maxOwned   = 16
	usualOwned = 3
)

// ownedField is one of them. A single value, which nearly all have, is kept in place,
// so that the slice that ends up in the header belongs to this request: Caddy's
// header directive replaces text within the slices that it finds.
type ownedField struct {
	key  string
	one  [1]string
	kind ownedKind
	step uint8 // which step said so last
}

// ownedKind is how many values an owned field has.
type ownedKind uint8

const (
	ownedNone ownedKind = iota // the field is removed
	ownedOne
	ownedMany // they are in more.several
)

// OwnHeader makes the gateway the owner of a response field: whatever the upstream says
// under that name is replaced when the response begins. It works for refusals too.
// key is canonical. Nil values remove the field.
func (x *Exchange) OwnHeader(key string, values []string) {
	f := x.own(key)
	switch {
	case f == nil:
	case len(values) == 0:
		f.kind = ownedNone
	case len(values) == 1:
		f.kind, f.one[0] = ownedOne, values[0]
	default:
		f.kind = ownedMany
		m := x.grow()
		if m.several == nil {
			m.several = make(http.Header, 1)
		}
		m.several[key] = values
	}
}

// OwnField is OwnHeader for a field with one value, which costs no allocation.
func (x *Exchange) OwnField(key, value string) {
	if f := x.own(key); f != nil {
		f.kind, f.one[0] = ownedOne, value
	}
}

// own returns the room for a field that the current step sets, or nil if there is none
// left.
func (x *Exchange) own(key string) *ownedField {
	f := x.find(key)
	if f == nil {
		if f = x.addOwned(); f == nil {
			return nil
		}
		f.key = key
	}
	f.step = x.steps
	return f
}

func (x *Exchange) addOwned() *ownedField {
	if x.fields < usualOwned {
		x.fields++
		return &x.owned[x.fields-1]
	}
	m := x.grow()
	switch len(m.owned) {
	case maxOwned - usualOwned:
		return nil
	case cap(m.owned):
		m.owned = slices.Grow(m.owned, usualOwned)
	}
	m.owned = m.owned[:len(m.owned)+1]
	return &m.owned[len(m.owned)-1]
}

// find returns a field that the gateway owns, or nil.
func (x *Exchange) find(key string) *ownedField {
	for i := range x.owned[:x.fields] {
		if x.owned[i].key == key {
			return &x.owned[i]
		}
	}
	if x.more == nil {
		return nil
	}
	for i := range x.more.owned {
		if x.more.owned[i].key == key {
			return &x.more.owned[i]
		}
	}
	return nil
}

// Owned returns the value of a response field that the gateway owns, "" if it does not or
// if there are several.
func (x *Exchange) Owned(key string) string {
	if f := x.find(key); f != nil && f.kind == ownedOne {
		return f.one[0]
	}
	return ""
}

// Vary adds a request field to the response's Vary, whoever writes the response
// (RFC 9110 §12.5.5).
func (x *Exchange) Vary(field string) {
	if m := x.grow(); len(m.vary) < maxOwned && !slices.Contains(m.vary, field) {
		m.vary = append(m.vary, field)
	}
}

// apply writes the gateway's own fields over those of whoever answers.
func (x *Exchange) apply(header http.Header) {
	for i := range x.owned[:x.fields] {
		x.put(header, &x.owned[i])
	}
	if x.more == nil {
		return
	}
	for i := range x.more.owned {
		x.put(header, &x.more.owned[i])
	}
	if len(x.more.vary) == 0 {
		return
	}
	vary := slices.Grow(header["Vary"], len(x.more.vary)) // at once
	for _, field := range x.more.vary {
		if !varies(vary, field) {
			vary = append(vary, field)
		}
	}
	header["Vary"] = vary
}

// put writes one of them.
func (x *Exchange) put(header http.Header, f *ownedField) {
	values := x.values(f)
	if x.Watcher != nil {
		x.Watcher.Owned(int(f.step), f.key, header[f.key], values)
	}
	if values == nil {
		delete(header, f.key)
	} else {
		header[f.key] = values
	}
}

// values returns those of a field, safe to be put into a header.
func (x *Exchange) values(f *ownedField) []string {
	switch f.kind {
	case ownedOne:
		return f.one[:1:1]
	case ownedMany:
		return slices.Clone(x.more.several[f.key])
	}
	return nil
}
