package validate

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"gateway/internal/problem"
)

// violation is one broken rule and where, before it is known whether the value is a
// body or a parameter.
type violation struct {
	at            string // JSON Pointer within the value
	rule          string
	expected      any
	message, hint string
}

// maxPointer bounds the pointers that are sent back: the names in them are the
// client's.
const maxPointer = 256

// violations turns a tree of failures into a list: in the order of the pointers,
// each once, one branch of every alternative. root is the decoded instance.
func violations(f *failure, root any) []violation {
	list := collect(f, root)
	slices.SortStableFunc(list, compareViolations)
	return slices.CompactFunc(list, func(a, b violation) bool {
		return a.at == b.at && a.rule == b.rule && a.message == b.message
	})
}

func compareViolations(a, b violation) int {
	return cmp.Or(comparePointers(a.at, b.at), strings.Compare(a.rule, b.rule), strings.Compare(a.message, b.message))
}

// comparePointers orders pointers token by token, numbers by value.
func comparePointers(a, b string) int {
	for a != "" && b != "" {
		var x, y string
		x, a = cutToken(a)
		y, b = cutToken(b)
		i, errX := strconv.Atoi(x)
		j, errY := strconv.Atoi(y)
		c := strings.Compare(x, y)
		if errX == nil && errY == nil {
			c = cmp.Or(cmp.Compare(i, j), c)
		}
		if c != 0 {
			return c
		}
	}
	return strings.Compare(a, b)
}

func cutToken(pointer string) (token, rest string) {
	if end := strings.IndexByte(pointer[1:], '/'); end >= 0 {
		return pointer[1 : 1+end], pointer[1+end:]
	}
	return pointer[1:], ""
}

// collect flattens a tree of failures.
func collect(f *failure, root any) []violation {
	value, _ := lookup(root, f.at)
	switch {
	case len(f.causes) == 0 || strings.HasSuffix(f.keyword, "Contains"):
		return f.leaves(value)
	case f.keyword == "anyOf" || f.keyword == "oneOf":
		return chooseBranch(f, root, value)
	}
	var list []violation
	for _, cause := range f.causes {
		list = append(list, collect(cause, root)...)
	}
	return list
}

// leaves returns the violations of one keyword: one, or one for each member that is
// missing or too much.
func (f *failure) leaves(value any) []violation {
	object, _ := value.(map[string]any)
	var list []violation
	switch f.keyword {
	case "required":
		list = missing(f.at, "required", f.node.required, object, "is required")
	case "dependentRequired", "dependencies":
		for name, others := range f.node.dependentRequired {
			if _, present := object[name]; present {
				list = append(list, missing(f.at, f.keyword, others, object, "is required where "+strconv.Quote(name)+" is present")...)
			}
		}
	case "additionalProperties":
		list = f.unknown(object)
	}
	if list == nil {
		list = []violation{f.sentence(value)}
	}
	if f.aboutName() {
		for i := range list {
			list[i].rule, list[i].message = "propertyNames", "has a name that "+list[i].message
		}
	}
	for i := range list {
		list[i].shorten()
	}
	return list
}

// aboutName tells that the value is not a member but its name.
func (f *failure) aboutName() bool {
	before, _, found := strings.Cut(f.path, "/propertyNames")
	return found && !strings.HasSuffix(before, "properties")
}

func missing(at, rule string, names []string, object map[string]any, message string) (list []violation) {
	for _, name := range names {
		if _, present := object[name]; !present {
			list = append(list, violation{at: join(at, name), rule: rule, message: message})
		}
	}
	return list
}

// unknown returns the members that an object may not have.
func (f *failure) unknown(object map[string]any) (list []violation) {
	for name := range object {
		if f.node.declares(name) {
			continue
		}
		v := violation{at: join(f.at, name), rule: "additionalProperties", message: "is not a member that the contract knows"}
		if near := nearest(name, f.node.propertyNamesSorted()); near != "" {
			v.hint = "did you mean " + strconv.Quote(near) + "?"
		}
		list = append(list, v)
	}
	return list
}

// shorten moves a violation up to where its pointer is short enough.
func (v *violation) shorten() {
	if len(v.at) <= maxPointer {
		return
	}
	for len(v.at) > maxPointer {
		v.at = parent(v.at)
	}
	if v.rule == "additionalProperties" {
		v.message = "has a member with a long name that the contract does not know"
		return
	}
	v.message = "has a value further down that " + v.message
}

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
	if !present {
		return []violation{{at: at, rule: "required", message: "is required"}}, true
	}
	name, _ := tag.(string)
	if branch, known := d.branches[name]; known && branch < len(f.causes) {
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

// bodyViolations gives violations their place in a body.
func bodyViolations(list []violation) []problem.Violation {
	found := make([]problem.Violation, len(list))
	for i := range list {
		at := list[i].at
		found[i] = problem.Violation{
			Pointer: &at, Rule: list[i].rule, Expected: list[i].expected, Message: list[i].message, Hint: list[i].hint,
		}
	}
	return found
}

// parameterViolations gives violations their place in a parameter. Where the value
// is an array or object, the sentence says which part is meant.
func parameterViolations(name, in string, list []violation) []problem.Violation {
	found := make([]problem.Violation, len(list))
	for i := range list {
		message := list[i].message
		if list[i].at != "" {
			message = strings.ReplaceAll(list[i].at[1:], "/", ".") + " " + message
		}
		found[i] = problem.Violation{
			Parameter: name, In: in, Rule: list[i].rule, Expected: list[i].expected, Message: message, Hint: list[i].hint,
		}
	}
	return found
}
