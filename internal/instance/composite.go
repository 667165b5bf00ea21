package instance

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// all is a schema of several that apply together.
func all(schemas []any) any {
	switch len(schemas) {
	case 0:
		return true
	case 1:
		return schemas[0]
	}
	return map[string]any{"allOf": schemas}
}

// array makes an array: one item where none is required, so that there is something to
// see.
func (m *maker) array(v *view) (any, error) {
	least := v.minItems
	if len(v.contains) > 0 {
		least = max(least, v.minContains)
	}
	if least > v.maxItems || least > maxValues {
		return nil, errNone
	}
	wanted := max(least, len(v.prefix))
	if wanted == 0 && !m.flat() {
		wanted = 1
	}
	if m.sparse {
		wanted = least
	}
	items := make([]any, 0, min(wanted, v.maxItems))
	for len(items) < min(wanted, v.maxItems) {
		item, err := m.item(v, items)
		if err != nil {
			if len(items) >= least && err != errLarge {
				break
			}
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// item makes the next item of an array. In a set it differs from those before.
func (m *maker) item(v *view, before []any) (any, error) {
	i := len(before)
	schema := all(v.items)
	if i < len(v.prefix) {
		schema = v.prefix[i]
	}
	if i >= len(v.prefix) && i < len(v.prefix)+v.minContains && len(v.contains) > 0 {
		schema = all(append(slices.Clone(v.items), v.contains...))
	}
	if !v.unique {
		return m.value(schema)
	}
	outer := m.salt
	defer func() { m.salt = outer }()
	for m.salt = i; m.salt <= 2*i+1; m.salt++ {
		item, err := m.value(schema)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(before, func(other any) bool { return same(item, other) }) {
			return item, nil
		}
	}
	return nil, errNone
}

func same(a, b any) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && string(x) == string(y)
}

// object makes an object, with all members that it may have or only those that it must.
func (m *maker) object(v *view) (any, error) {
	if v.minProperties > v.maxProperties || v.minProperties > maxValues {
		return nil, errNone
	}
	made := make(map[string]any)
	for _, name := range v.required {
		if err := m.member(v, made, name); err != nil && err != errForeign {
			return nil, err
		}
	}
	if !m.flat() || v.minProperties > len(made) {
		m.optional(v, made)
	}
	if err := m.fill(v, made); err != nil {
		return nil, err
	}
	return made, nil
}

// optional adds what the schema names and does not require.
func (m *maker) optional(v *view, made map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(v.properties)) {
		if _, done := made[name]; done || !v.allowed(name) {
			continue
		}
		if len(made) >= v.maxProperties || m.flat() && len(made) >= v.minProperties {
			return
		}
		if err := m.member(v, made, name); err != nil {
			delete(made, name)
		}
	}
}

// member adds a member, and those that it needs beside it.
func (m *maker) member(v *view, made map[string]any, name string) error {
	if _, done := made[name]; done {
		return nil
	}
	schemas := v.schemasOf(name)
	if schemas == nil || !v.allowed(name) {
		return errNone
	}
	value, err := m.value(all(schemas))
	if err != nil {
		return err
	}
	made[name] = value
	for _, other := range v.dependent[name] {
		if err := m.member(v, made, other); err != nil && err != errForeign {
			return err
		}
	}
	return nil
}

// schemasOf returns the schemas of a member: never nil, unless nothing may stand there.
func (v *view) schemasOf(name string) []any {
	schemas := slices.Clone(v.properties[name])
	for pattern, own := range v.byPattern {
		if re, err := regexp.Compile(pattern); err == nil && re.MatchString(name) {
			schemas = append(schemas, own...)
		}
	}
	if len(schemas) == 0 {
		schemas = append(schemas, v.additional...)
	}
	if len(schemas) == 0 {
		schemas = []any{true}
	}
	return schemas
}

func (v *view) allowed(name string) bool {
	return !slices.ContainsFunc(v.closed, func(s *nameSet) bool { return !s.has(name) })
}

// fill adds members with names of its own: as many as the object needs, and one where
// the schema is about members of any name.
func (m *maker) fill(v *view, made map[string]any) error {
	wanted := v.minProperties
	if len(made) == 0 && len(v.additional)+len(v.byPattern) > 0 && !m.flat() && v.maxProperties > 0 {
		wanted = max(wanted, 1)
	}
	outer := m.salt
	defer func() { m.salt = outer }()
	for i := 0; len(made) < wanted && i < 2*wanted+4; i++ {
		m.salt = i
		name, err := m.name(v)
		if err == nil {
			err = m.member(v, made, name)
		}
		if err == errLarge {
			return err
		}
	}
	if len(made) < v.minProperties {
		return errNone
	}
	return nil
}

// name makes a name up.
func (m *maker) name(v *view) (string, error) {
	schemas := slices.Clone(v.names)
	for _, pattern := range slices.Sorted(maps.Keys(v.byPattern)) {
		schemas = append(schemas, map[string]any{"pattern": pattern})
		break
	}
	if len(schemas) == 0 {
		return fmt.Sprintf("member%d", m.salt+1), nil
	}
	made, err := m.value(all(append(schemas, map[string]any{"type": "string"})))
	name, ok := made.(string)
	if err == nil && !ok {
		err = errNone
	}
	return name, err
}
