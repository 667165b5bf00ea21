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

// UnmarshalJSON implements json.Unmarshaler.
func (m *members) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return fmt.Errorf("expected an object, got %v (%w)", token, err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		*m = append(*m, member{name.(string), value})
	}
	return nil
}

// MarshalJSON implements json.Marshaler.
func (m members) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(m[i].name)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(m[i].value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
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
	if err != nil {
		return err
	}
	for i := range *m {
		if (*m)[i].name == name {
			(*m)[i].value = raw
			return nil
		}
	}
	*m = append(*m, member{name, raw})
	return nil
}

// edit changes the object that a member holds, an empty one if it is not there.
func (m *members) edit(name string, change func(*members) error) error {
	var object members
	if raw := m.get(name); raw != nil {
		if err := json.Unmarshal(raw, &object); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := change(&object); err != nil {
		return err
	}
	return m.set(name, object)
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
