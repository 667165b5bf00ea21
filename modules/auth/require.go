package auth

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"gateway/internal/finding"
)

// Requirement is one rule about a claim, as "require" and the matcher "claim" have it.
type Requirement struct {
	// Claim is the path of the claim, with dots between the names of nested objects.
	// Required.
	Claim string `json:"claim"`
	// Op is one of is, is_not, contains, any_of, all_of, gt, gte, lt, lte, exists and
	// absent. Required.
	Op string `json:"op"`
	// Values are what the claim is compared with: none for exists and absent, one or
	// more for any_of and all_of, one for the others. Required, but for those two.
	Values []string `json:"values,omitempty"`
}

// String writes the requirement as the Caddyfile has it.
func (q *Requirement) String() string {
	return strings.Join(append([]string{q.Claim, q.Op}, q.Values...), " ")
}

// operation is an operator of rules about claims.
type operation struct {
	name string
	// values is how many it takes; several is one or more.
	values int
	// numbers says that its value is a number.
	numbers bool
	holds   func(c *condition, claim any) bool
}

const several = -1

var operations = []operation{
	{"is", 1, false, (*condition).is},
	{"is_not", 1, false, func(c *condition, claim any) bool { return plain(claim) && !c.is(claim) }},
	{"contains", 1, false, (*condition).all},
	{"any_of", several, false, (*condition).any},
	{"all_of", several, false, (*condition).all},
	{"gt", 1, true, func(c *condition, claim any) bool { return c.lies(claim, 1, 1) }},
	{"gte", 1, true, func(c *condition, claim any) bool { return c.lies(claim, 0, 1) }},
	{"lt", 1, true, func(c *condition, claim any) bool { return c.lies(claim, -1, -1) }},
	{"lte", 1, true, func(c *condition, claim any) bool { return c.lies(claim, -1, 0) }},
	{"exists", 0, false, func(*condition, any) bool { return true }},
	{"absent", 0, false, func(*condition, any) bool { return false }},
}

// operationNames are the operators, for hints.
var operationNames = func() (names []string) {
	for _, o := range operations {
		names = append(names, o.name)
	}
	return names
}()

// condition is a compiled Requirement. Judging one costs no allocation.
type condition struct {
	path   string
	values []operand
	holds  func(c *condition, claim any) bool
	absent bool
	// words says that a text is a list with spaces between its items.
	words bool
}

// operand is a value of the configuration, as text and, if it is one, as a number.
type operand struct {
	text     string
	number   float64
	isNumber bool
}

// compile checks a requirement. The complaint has no place: whoever read it knows it.
func (q *Requirement) compile() (*condition, error) {
	i := slices.IndexFunc(operations, func(o operation) bool { return o.name == q.Op })
	switch {
	case q.Claim == "":
		return nil, complain("require", "write <claim> <op> <value...>", "the rule names no claim")
	case i < 0:
		return nil, complain("require", finding.Suggest(q.Op, operationNames...), "%q is not an operator for claims", q.Op)
	}
	op := &operations[i]
	switch n := len(q.Values); {
	case op.values == 0 && n > 0:
		return nil, complain("require", "write "+q.Claim+" "+q.Op+" alone", "%s takes no value", q.Op)
	case op.values == 1 && n != 1:
		return nil, complain("require", "several values go with any_of and all_of", "%s takes one value, and %d are given", q.Op, n)
	case op.values == several && n == 0:
		return nil, complain("require", "write the values behind it", "%s takes one value or more", q.Op)
	}
	c := &condition{path: q.Claim, holds: op.holds, absent: q.Op == "absent", words: q.Claim == "scope" || q.Claim == "scp"}
	for _, value := range q.Values {
		o := operandOf(value)
		if op.numbers && !o.isNumber {
			return nil, complain("require", "such as "+q.Claim+" "+q.Op+" 3", "%s compares numbers, and %q is none", q.Op, value)
		}
		c.values = append(c.values, o)
	}
	return c, nil
}

func operandOf(text string) operand {
	number, err := strconv.ParseFloat(text, 64)
	return operand{text, number, err == nil && decimal(text)}
}

// decimal tells whether text is a number as JSON has it: no hexadecimal, no infinity.
func decimal(text string) bool {
	d := objectDecoder{src: text}
	_, ok := d.number()
	return ok && d.pos == len(text)
}

// compileAll compiles requirements, all of which have to hold.
func compileAll(list []Requirement) ([]*condition, error) {
	var conditions []*condition
	for i := range list {
		c, err := list[i].compile()
		if err != nil {
			return nil, err
		}
		conditions = append(conditions, c)
	}
	return conditions, nil
}

// claimant is an identity that has claims. A claim that is null is absent.
type claimant interface {
	claim(path string) (any, bool)
	claimSet() map[string]any
}

// met tells whether an identity fulfils the condition. A claim that is absent, or of
// a kind that the operator does not compare, fulfils none but "absent".
func (c *condition) met(who claimant) bool {
	claim, ok := who.claim(c.path)
	if !ok {
		return c.absent
	}
	return c.holds(c, claim)
}

// allMet tells whether an identity fulfils all conditions.
func allMet(list []*condition, who claimant) bool {
	for _, c := range list {
		if !c.met(who) {
			return false
		}
	}
	return true
}

// plain tells whether a claim is a text, a number or a boolean.
func plain(claim any) bool {
	switch claim.(type) {
	case string, json.Number, bool:
		return true
	}
	return false
}

func (c *condition) is(claim any) bool { return c.values[0].equals(claim) }

// equals compares a plain claim: a number by its value, everything else by its text.
// A text is never a number: "01" is not 1.
func (o *operand) equals(claim any) bool {
	switch claim := claim.(type) {
	case string:
		return claim == o.text
	case json.Number:
		if string(claim) == o.text {
			return true
		}
		number, err := claim.Float64()
		return err == nil && o.isNumber && number == o.number && !bigInteger(number)
	case bool:
		return o.text == "true" && claim || o.text == "false" && !claim
	}
	return false
}

// bigInteger tells whether a number is beyond those that a float64 tells apart:
// such ones, account numbers for example, are compared by their digits.
func bigInteger(number float64) bool { return number >= 1<<53 || number <= -1<<53 }

// has tells whether a claim has an operand among its items: those of a list, or the
// claim itself. Scopes are a list with spaces (RFC 8693 §4.2); no other text is, or
// a claim "not admin" would have the item admin.
func (c *condition) has(claim any, o *operand) bool {
	switch value := claim.(type) {
	case []any:
		for _, item := range value {
			if o.equals(item) {
				return true
			}
		}
		return false
	case string:
		if !c.words {
			break
		}
		for word := range strings.SplitSeq(value, " ") {
			if word == o.text {
				return true
			}
		}
		return false
	}
	return o.equals(claim)
}

func (c *condition) any(claim any) bool {
	for i := range c.values {
		if c.has(claim, &c.values[i]) {
			return true
		}
	}
	return false
}

func (c *condition) all(claim any) bool {
	for i := range c.values {
		if !c.has(claim, &c.values[i]) {
			return false
		}
	}
	return true
}

// lies tells whether a claim that is a number lies on the wanted side of the
// operand: -1 below, 0 equal, 1 above. A text with digits is no number.
func (c *condition) lies(claim any, from, to int) bool {
	text, ok := claim.(json.Number)
	if !ok {
		return false
	}
	number, err := strconv.ParseFloat(string(text), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return false
	}
	side := 0
	switch {
	case number < c.values[0].number:
		side = -1
	case number > c.values[0].number:
		side = 1
	}
	return side >= from && side <= to
}
