package validate

import (
	"cmp"
	"maps"
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

// Error implements error, for violations that end the reading of a body.
func (v *violation) Error() string { return v.rule }

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
				list = append(list, missing(f.at, "dependentRequired", others, object, "is required where "+strconv.Quote(name)+" is present")...)
			}
		}
	case "additionalProperties":
		list = f.unknown(object)
	case "additionalItems":
		items, _ := value.([]any)
		for i := len(f.node.prefixItems); i < min(len(items), maxFailures); i++ {
			list = append(list, violation{at: f.at + "/" + strconv.Itoa(i), rule: "items", message: "is not allowed"})
		}
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
	known := slices.Sorted(maps.Keys(f.node.properties))
	var strangers []string
	for name := range object {
		if !f.node.declares(name) {
			strangers = append(strangers, name)
		}
	}
	slices.Sort(strangers)
	for _, name := range strangers[:min(len(strangers), maxFailures)] {
		v := violation{at: join(f.at, name), rule: "additionalProperties", message: "is not a member that the contract knows"}
		if near := nearest(name, known); near != "" {
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

// partName names a part of a parameter in a sentence: "from", "tags, item 1".
func partName(at string) string {
	var b strings.Builder
	for token := range tokens(at) {
		switch n, err := strconv.Atoi(token); {
		case err == nil && b.Len() > 0:
			b.WriteString(", item " + strconv.Itoa(n+1))
		case err == nil:
			b.WriteString("item " + strconv.Itoa(n+1))
		case b.Len() > 0:
			b.WriteString("." + token)
		default:
			b.WriteString(token)
		}
	}
	return b.String()
}

// parameterViolations gives violations their place in a parameter. Where the value
// is an array or object, the sentence says which part is meant.
func parameterViolations(name, in string, list []violation) []problem.Violation {
	found := make([]problem.Violation, len(list))
	for i := range list {
		message := list[i].message
		if list[i].at != "" {
			message = partName(list[i].at) + " " + message
		}
		found[i] = problem.Violation{
			Parameter: name, In: in, Rule: list[i].rule, Expected: list[i].expected, Message: message, Hint: list[i].hint,
		}
	}
	return found
}
