package docs

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// members is a JSON object that keeps its order, so that a document that was changed
// still reads as its author wrote it. Values stay as they are until somebody asks.
type members []member

type member struct {
	name  string
	value json.RawMessage
}

// readMembers reads an object. Only its own level is looked at.
func readMembers(data []byte) (members, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return nil, fmt.Errorf("expected an object, got %v (%w)", token, err)
	}
	var m members
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		m = append(m, member{name.(string), value})
	}
	return m, nil
}

// bytes writes the object, with its values as they are: encoding/json would check and
// compact everything below again on every level.
func (m members) bytes() (json.RawMessage, error) {
	size := 2
	for i := range m {
		size += len(m[i].name) + len(m[i].value) + 8
	}
	b := append(make([]byte, 0, size), '{')
	for i := range m {
		if i > 0 {
			b = append(b, ',')
		}
		name, err := json.Marshal(m[i].name)
		if err != nil {
			return nil, err
		}
		b = append(append(b, name...), ':')
		b = append(b, m[i].value...)
	}
	return append(b, '}'), nil
}

// get returns the value of a member, nil if there is none.
func (m members) get(name string) json.RawMessage {
	for i := range m {
		if m[i].name == name {
			return m[i].value
		}
	}
	return nil
}

// set replaces the value of a member, or appends it.
func (m *members) set(name string, value any) error {
	raw, err := json.Marshal(value)
	if err == nil {
		m.put(name, raw)
	}
	return err
}

func (m *members) put(name string, raw json.RawMessage) {
	for i := range *m {
		if (*m)[i].name == name {
			(*m)[i].value = raw
			return
		}
	}
	*m = append(*m, member{name, raw})
}

// edit changes the object that a member holds, an empty one if it is not there.
func (m *members) edit(name string, change func(*members) error) error {
	var object members
	var err error
	if raw := m.get(name); raw != nil {
		if object, err = readMembers(raw); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := change(&object); err != nil {
		return err
	}
	raw, err := object.bytes()
	if err == nil {
		m.put(name, raw)
	}
	return err
}

// each changes every object among the members.
func (m members) each(change func(name string, object *members) error) error {
	for i := range m {
		if !bytes.HasPrefix(m[i].value, []byte("{")) {
			continue
		}
		if err := m.edit(m[i].name, func(object *members) error { return change(m[i].name, object) }); err != nil {
			return err
		}
	}
	return nil
}
