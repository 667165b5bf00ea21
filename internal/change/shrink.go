package change

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"gateway/internal/number"
)

// maxShrinks bounds how often a counterexample is tried in a smaller form.
const maxShrinks = 300

// shrink leaves members and items out of a document as long as it stays what it is.
func shrink(text string, still func(string) bool) string {
	tries := 0
	for {
		smaller := ""
		v := decodeText(text)
		cuts(v, func() bool {
			if tries++; tries > maxShrinks {
				return false
			}
			if candidate := jsonText(v); len(candidate) < len(text) && still(candidate) {
				smaller = candidate
				return false
			}
			return true
		})
		if smaller == "" {
			return text
		}
		text = smaller
	}
}

func decodeText(text string) any {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	var v any
	if decoder.Decode(&v) != nil {
		return nil
	}
	return v
}

// cuts leaves out one member or item after the other, the outer ones first, and calls
// try with each; it stops when try says so.
func cuts(v any, try func() bool) bool {
	switch v := v.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		for _, name := range names {
			member := v[name]
			delete(v, name)
			again := try()
			v[name] = member
			if !again {
				return false
			}
		}
		for _, name := range names {
			if list, ok := v[name].([]any); ok && len(list) > 0 {
				v[name] = list[:len(list)-1]
				again := try()
				v[name] = list
				if !again {
					return false
				}
			}
			if !cuts(v[name], try) {
				return false
			}
		}
	case []any:
		for _, item := range v {
			if !cuts(item, try) {
				return false
			}
		}
	}
	return true
}

// equalText tells whether two JSON texts say the same: members in any order, numbers by
// their value.
func equalText(a, b string) bool { return equal(decodeText(a), decodeText(b)) }

func equal(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, equal)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case json.Number:
		b, ok := b.(json.Number)
		return ok && number.Canonical(string(a)) == number.Canonical(string(b))
	}
	return a == b
}
