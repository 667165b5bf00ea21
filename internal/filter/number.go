package filter

import (
	"math"
	"strconv"
	"strings"
)

type operator uint8

const (
	like operator = iota
	equal
	atLeast
	atMost
	above
	below
	within // limit and upper
)

// operators in the order in which they are tried.
var operators = []struct {
	text string
	op   operator
}{{">=", atLeast}, {"<=", atMost}, {">", above}, {"<", below}, {"=", equal}}

// numeric makes a value that a number is compared with. The hint tells what is wrong with
// the text; it is "" if nothing is.
func numeric(key Key, text string) (v value, hint string) {
	switch {
	case strings.HasPrefix(text, "!"):
		return v, "write -" + key.String() + ":" + strings.TrimLeft(text, "!=")
	case strings.Contains(text, "*"):
		return pattern(text), ""
	case key == Status && len(text) == 3 && strings.EqualFold(text[1:], "xx") && text[0] >= '1' && text[0] <= '5':
		hundreds := float64(text[0]-'0') * 100
		return value{op: within, limit: hundreds, upper: hundreds + 99}, ""
	}
	if low, high, ok := strings.Cut(text, ".."); ok {
		return interval(key, low, high)
	}
	v.op = equal
	for _, o := range operators {
		if rest, ok := strings.CutPrefix(text, o.text); ok {
			v.op, text = o.op, rest
			break
		}
	}
	limit, ok := number(key, text)
	if !ok {
		return v, "such as " + key.example()
	}
	v.limit = limit
	return v, ""
}

// interval makes a range, of which one end may be open.
func interval(key Key, low, high string) (v value, hint string) {
	v = value{op: within, limit: math.Inf(-1), upper: math.Inf(1)}
	ok := low != "" || high != ""
	if low != "" && ok {
		v.limit, ok = number(key, low)
	}
	if high != "" && ok {
		v.upper, ok = number(key, high)
	}
	switch {
	case !ok:
		return v, "a range has a number at one end or both, such as " + key.String() + ":400..499"
	case v.limit > v.upper:
		return v, "a range begins with the smaller number: " + key.String() + ":" + high + ".." + low
	}
	return v, ""
}

// number reads a number; times may have a unit.
func number(key Key, text string) (float64, bool) {
	factor := 1.0
	if key.time() {
		if rest, ok := strings.CutSuffix(text, "ms"); ok {
			text = rest
		} else if rest, ok := strings.CutSuffix(text, "s"); ok {
			text, factor = rest, 1000
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	return n * factor, err == nil && !math.IsNaN(n) && !math.IsInf(n*factor, 0)
}

// example is a term with the key.
func (k Key) example() string {
	if k.time() {
		return k.String() + ":>250 or " + k.String() + ":>1.5s"
	}
	return k.String() + ":>=400 or " + k.String() + ":400..499"
}

func (v *value) number(n float64) bool {
	switch v.op {
	case equal:
		return n == v.limit
	case atLeast:
		return n >= v.limit
	case atMost:
		return n <= v.limit
	case above:
		return n > v.limit
	case below:
		return n < v.limit
	case within:
		return n >= v.limit && n <= v.upper
	}
	return v.text(strconv.FormatFloat(n, 'f', -1, 64))
}
