package instance

import (
	"encoding/json"
	"math/big"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// add takes what a schema says itself into the view.
func (v *view) add(s map[string]any) {
	v.addTypes(s["type"])
	if constant, ok := s["const"]; ok {
		v.addEnum([]any{constant})
	}
	if enum, ok := s["enum"].([]any); ok {
		v.addEnum(enum)
	}
	v.addExamples(s)
	v.addNumbers(s)
	v.addText(s)
	v.addArrays(s)
	v.addObjects(s)
	v.readOnly = v.readOnly || s["readOnly"] == true
	v.writing = v.writing || s["writeOnly"] == true
}

func (v *view) addTypes(t any) {
	var types []string
	switch t := t.(type) {
	case string:
		types = []string{t}
	case []any:
		types = texts(t)
	default:
		return
	}
	if v.types == nil {
		v.types = types
		return
	}
	both := []string{}
	for _, t := range v.types {
		switch {
		case slices.Contains(types, t), t == "integer" && slices.Contains(types, "number"):
			both = append(both, t)
		case t == "number" && slices.Contains(types, "integer"):
			both = append(both, "integer")
		}
	}
	v.types = both
}

func (v *view) addEnum(literals []any) {
	if v.enum == nil {
		v.enum = append([]any{}, literals...)
		return
	}
	v.enum = slices.DeleteFunc(v.enum, func(known any) bool {
		return !slices.ContainsFunc(literals, func(l any) bool { return reflect.DeepEqual(l, known) })
	})
}

func (v *view) addExamples(s map[string]any) {
	if example, ok := s["example"]; ok {
		v.examples = append(v.examples, example)
	}
	v.examples = append(v.examples, list(s["examples"])...)
	if value, ok := s["default"]; ok && value != nil {
		v.examples = append(v.examples, value)
	}
}

func (v *view) addNumbers(s map[string]any) {
	if n := rational(s["minimum"]); n != nil {
		v.atLeast(n, false)
	}
	if n := rational(s["exclusiveMinimum"]); n != nil {
		v.atLeast(n, true)
	}
	if n := rational(s["maximum"]); n != nil {
		v.atMost(n, false)
	}
	if n := rational(s["exclusiveMaximum"]); n != nil {
		v.atMost(n, true)
	}
	if n := rational(s["multipleOf"]); n != nil && n.Sign() > 0 {
		v.multipleOf = commonMultiple(v.multipleOf, n)
	}
	switch s["format"] {
	case "int32":
		v.atLeast(big.NewRat(-1<<31, 1), false)
		v.atMost(big.NewRat(1<<31-1, 1), false)
	case "int64":
		v.atMost(big.NewRat(1<<63-1, 1), false)
	}
}

func (v *view) atLeast(n *big.Rat, exclusive bool) {
	if v.minimum == nil || n.Cmp(v.minimum) > 0 || n.Cmp(v.minimum) == 0 && exclusive {
		v.minimum, v.aboveMinimum = n, exclusive
	}
}

func (v *view) atMost(n *big.Rat, exclusive bool) {
	if v.maximum == nil || n.Cmp(v.maximum) < 0 || n.Cmp(v.maximum) == 0 && exclusive {
		v.maximum, v.belowMaximum = n, exclusive
	}
}

func (v *view) addText(s map[string]any) {
	v.minLength = max(v.minLength, count(s["minLength"], 0))
	v.maxLength = min(v.maxLength, count(s["maxLength"], none))
	if format, ok := s["format"].(string); ok && v.format == "" {
		v.format = format
	}
	if encoding, ok := s["contentEncoding"].(string); ok {
		v.encoding = encoding
	}
	if pattern, ok := s["pattern"].(string); ok {
		if re, err := regexp.Compile(pattern); err == nil {
			v.patterns = append(v.patterns, re)
		}
	}
}

func (v *view) addArrays(s map[string]any) {
	v.minItems = max(v.minItems, count(s["minItems"], 0))
	v.maxItems = min(v.maxItems, count(s["maxItems"], none))
	v.unique = v.unique || s["uniqueItems"] == true
	prefix := list(s["prefixItems"])
	if len(prefix) > len(v.prefix) {
		v.prefix = prefix
	}
	if items, ok := s["items"]; ok {
		if items == false {
			v.maxItems = min(v.maxItems, len(prefix))
		} else {
			v.items = append(v.items, items)
		}
	}
	if contains, ok := s["contains"]; ok {
		v.contains = append(v.contains, contains)
		v.minContains = count(s["minContains"], 1)
	}
}

func (v *view) addObjects(s map[string]any) {
	v.minProperties = max(v.minProperties, count(s["minProperties"], 0))
	v.maxProperties = min(v.maxProperties, count(s["maxProperties"], none))
	for _, name := range texts(list(s["required"])) {
		if !slices.Contains(v.required, name) {
			v.required = append(v.required, name)
		}
	}
	properties, _ := s["properties"].(map[string]any)
	for name, property := range properties {
		v.properties[name] = append(v.properties[name], property)
	}
	patterns, _ := s["patternProperties"].(map[string]any)
	for pattern, property := range patterns {
		v.byPattern[pattern] = append(v.byPattern[pattern], property)
	}
	if additional, ok := s["additionalProperties"]; ok {
		if additional == false {
			v.closed = append(v.closed, &nameSet{properties, patterns})
		} else if additional != true {
			v.additional = append(v.additional, additional)
		}
	}
	if names, ok := s["propertyNames"]; ok {
		v.names = append(v.names, names)
	}
	dependent, _ := s["dependentRequired"].(map[string]any)
	for name, others := range dependent {
		v.dependent[name] = append(v.dependent[name], texts(list(others))...)
	}
}

func list(v any) []any {
	items, _ := v.([]any)
	return items
}

func texts(v []any) []string {
	var all []string
	for _, item := range v {
		if s, ok := item.(string); ok {
			all = append(all, s)
		}
	}
	return all
}

// count reads a keyword that counts something.
func count(v any, missing int) int {
	n := rational(v)
	if n == nil || !n.IsInt() || n.Sign() < 0 {
		return missing
	}
	if !n.Num().IsInt64() || n.Num().Int64() > none {
		return none
	}
	return int(n.Num().Int64())
}

// rational reads a number. Those that would take much memory are as good as none.
func rational(v any) *big.Rat {
	literal, ok := v.(json.Number)
	if !ok || len(literal) > 400 {
		return nil
	}
	if _, power, found := strings.Cut(strings.ToLower(string(literal)), "e"); found {
		if exponent, err := strconv.Atoi(power); err != nil || exponent > 400 || exponent < -400 {
			return nil
		}
	}
	n, ok := new(big.Rat).SetString(string(literal))
	if !ok {
		return nil
	}
	return n
}

// commonMultiple returns the least common multiple of two positive numbers; nil is 1
// step of any size.
func commonMultiple(a, b *big.Rat) *big.Rat {
	if a == nil {
		return b
	}
	// lcm(p/q, r/s) = lcm(p·s, r·q) / (q·s)
	x, y := new(big.Int).Mul(a.Num(), b.Denom()), new(big.Int).Mul(b.Num(), a.Denom())
	divisor := new(big.Int).GCD(nil, nil, x, y)
	multiple := new(big.Int).Div(new(big.Int).Mul(x, y), divisor)
	return new(big.Rat).SetFrac(multiple, new(big.Int).Mul(a.Denom(), b.Denom()))
}
