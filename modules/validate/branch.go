package validate

import (
	"cmp"
	"strconv"
	"strings"
)

// chooseBranch explains alternatives of which none matches by the one that was
// probably meant: the one that a discriminator names, or else the nearest.
func chooseBranch(f *failure, root, value any) []violation {
	if list, decided := f.discriminate(root, value); decided {
		return list
	}
	var best []violation
	var distance branchDistance
	allOther := true  // every branch is about another type of value
	var sets []string // the members that each branch misses, if it misses nothing else
	for i, cause := range f.causes {
		list := collect(cause, root)
		d := distanceOf(list, f.at)
		if i == 0 || d.compare(distance) < 0 {
			best, distance = list, d
		}
		allOther = allOther && d.other
		if set := missingSet(list, f.at); set != "" {
			sets = append(sets, set)
		}
	}
	if len(sets) == len(f.causes) && len(sets) > 1 {
		return []violation{{at: f.at, rule: f.keyword, message: "must have " + strings.Join(sets, ", or ")}}
	}
	if allOther {
		return []violation{f.merged(value)}
	}
	return best
}

// missingSet names the members that are all that an object lacks for a branch: "a"
// and "b". It is empty if something else is wrong.
func missingSet(list []violation, at string) string {
	names := make([]string, len(list))
	for i := range list {
		if list[i].rule != "required" || parent(list[i].at) != at {
			return ""
		}
		names[i] = strconv.Quote(lastToken(list[i].at))
	}
	return strings.Join(names, " and ")
}

// discriminate follows OpenAPI's discriminator. It is not decided if there is none.
func (f *failure) discriminate(root, value any) (list []violation, decided bool) {
	d := f.node.discriminator
	object, isObject := value.(map[string]any)
	if d == nil || !isObject || len(d.names) == 0 {
		return nil, false
	}
	at := join(f.at, d.property)
	tag, present := object[d.property]
	name, _ := tag.(string)
	branch, known := d.branches[name]
	if !known && d.other >= 0 {
		branch, known = d.other, true
	}
	if !present && !known {
		return []violation{{at: at, rule: "required", message: "is required"}}, true
	}
	if known && branch < len(f.causes) {
		return collect(f.causes[branch], root), true
	}
	literals := make([]any, len(d.names))
	for i, name := range d.names {
		literals[i] = name
	}
	return []violation{{at: at, rule: "discriminator", expected: literals, message: "must be " + oneOf(literals), hint: nearestLiteral(tag, literals)}}, true
}

// branchDistance says how far a value is from an alternative.
type branchDistance struct {
	other bool // the alternative is about another type, or another literal
	tags  int  // members that had to be another literal: "kind": "card"
	count int
}

func distanceOf(list []violation, at string) branchDistance {
	d := branchDistance{count: len(list)}
	for i := range list {
		literal := list[i].rule == "const" || list[i].rule == "enum" || list[i].rule == "discriminator"
		switch {
		case list[i].at == at && (literal || list[i].rule == "type" || list[i].rule == "false"):
			d.other = true
		case literal && parent(list[i].at) == at:
			d.tags++
		}
	}
	return d
}

func (d branchDistance) compare(e branchDistance) int {
	if d.other != e.other {
		if e.other {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(d.tags, e.tags), cmp.Compare(d.count, e.count))
}

// merged says what all alternatives together would take.
func (f *failure) merged(value any) violation {
	alternatives := f.node.oneOf
	if f.keyword == "anyOf" {
		alternatives = f.node.anyOf
	}
	literals, all := literalsOf(alternatives)
	if all {
		return violation{at: f.at, rule: "enum", expected: literals, message: "must be " + oneOf(literals), hint: nearestLiteral(value, literals)}
	}
	var kinds types
	for _, alternative := range alternatives {
		kinds |= alternative.kinds()
	}
	if kinds&kindsOf([]any{value}) == 0 {
		return typeViolation(f.at, kinds, value)
	}
	return violation{at: f.at, rule: f.keyword, message: "matches none of the " + strconv.Itoa(len(alternatives)) + " alternatives of the contract"}
}

// literalsOf returns the literals that alternatives consist of; all tells whether
// they consist of nothing else.
func literalsOf(alternatives []*node) (literals []any, all bool) {
	for _, alternative := range alternatives {
		for depth := 0; alternative.ref != nil && depth < maxReferences; depth++ {
			alternative = alternative.ref
		}
		switch {
		case alternative.fixed:
			literals = append(literals, alternative.constant)
		case len(alternative.enum) > 0:
			literals = append(literals, alternative.enum...)
		default:
			return nil, false
		}
	}
	return literals, true
}
