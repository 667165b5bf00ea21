package validate

import (
	"slices"
	"strings"
)

// readDiscriminator finds the branch that each value of the property names: by the
// mapping, or else by the last part of the branch's reference.
func readDiscriminator(d, m map[string]any) *discriminator {
	property, _ := d["propertyName"].(string)
	alternatives, _ := m["oneOf"].([]any)
	if alternatives == nil {
		alternatives, _ = m["anyOf"].([]any)
	}
	if property == "" || len(alternatives) == 0 {
		return nil
	}
	read := &discriminator{property: property, branches: make(map[string]int), other: -1}
	targets := make(map[string]int)
	for i, alternative := range alternatives {
		reference, _ := alternative.(map[string]any)
		target, _ := reference[targetMark].(string)
		if target == "" {
			continue
		}
		targets[target] = i
		targets[lastToken(target)] = i
		read.branches[lastToken(target)] = i
	}
	mapping, _ := d["mapping"].(map[string]any)
	for name, target := range mapping {
		target, _ := target.(string)
		if i, ok := targets[strings.TrimPrefix(target, "#")]; ok {
			read.branches[name] = i
		}
	}
	// By name or by reference; both are keys of the targets.
	other, _ := d["defaultMapping"].(string)
	if i, ok := targets[strings.TrimPrefix(other, "#")]; ok {
		read.other = i
	}
	for name := range read.branches {
		read.names = append(read.names, name)
	}
	slices.Sort(read.names)
	return read
}

// discriminator is OpenAPI's: the property whose value names the alternative.
type discriminator struct {
	property string
	// names are the values in the order of the contract; branches has their place
	// in oneOf or anyOf.
	names    []string
	branches map[string]int
	// other is the branch for all other values and for none, -1 if there is none
	// (OpenAPI 3.2, defaultMapping).
	other int
}
