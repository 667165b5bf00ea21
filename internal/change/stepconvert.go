package change

import (
	"math/big"
	"strconv"
	"strings"
	"time"

	"gateway/internal/finding"
)

// typeKinds are what convert knows, with the kind of each.
var typeKinds = map[string]kind{
	"string": kindString, "integer": kindNumber, "number": kindNumber, "boolean": kindBoolean,
	"unix": kindNumber, "unix-ms": kindNumber, "date-time": kindString,
}

var typeNames = []string{"string", "integer", "number", "boolean", "unix", "unix-ms", "date-time"}

// convert gives a value another type or unit.
type convert struct {
	at       place
	from, to string   // "" leaves the type
	factor   *big.Rat // nil for 1
	inverse  *big.Rat
	// round and roundBack are digits behind the point, -1 for exact.
	round, roundBack int
}

func (o *options) convert() step {
	s := &convert{at: o.place("convert"), factor: o.factor("times"), round: o.digits("round"), roundBack: o.digits("round_back")}
	s.from, s.to = o.typeName("from"), o.typeName("to")
	switch {
	case s.factor == nil && s.from == "" && s.to == "" && len(o.found) == 0:
		o.fail(nil, "from: string with to: integer, or times: 100", "convert changes nothing")
	case (s.from == "") != (s.to == "") && len(o.found) == 0:
		o.fail(nil, "a type has a way back only if both are known", "convert needs both from and to")
	case s.from == "boolean" && s.to != "string", s.to == "boolean" && s.from != "string", isTime(s.from) != isTime(s.to):
		o.fail(nil, "map gives values other names; cel computes", "%s cannot become %s", s.from, s.to)
	case s.factor != nil && (isTime(s.from) || s.from == "boolean" || s.to == "boolean"):
		o.fail(o.values["times"], "", "times is for numbers")
	case s.factor == nil && (s.round >= 0 || s.roundBack >= 0):
		o.fail(nil, "add times", "rounding is for a factor")
	}
	if s.factor != nil {
		s.inverse = new(big.Rat).Inv(s.factor)
	}
	return s
}

func isTime(t string) bool { return t == "unix" || t == "unix-ms" || t == "date-time" }

// typeName reads the name of a type.
func (o *options) typeName(member string) string {
	n := o.values[member]
	if n == nil {
		return ""
	}
	if _, ok := typeKinds[n.Value]; !ok {
		o.fail(n, finding.Suggest(n.Value, typeNames...), "%q is not a type that convert knows", n.Value)
		return ""
	}
	return n.Value
}

func (s *convert) fresh() step    { return s }
func (s *convert) where() word    { return s.at.word }
func (s *convert) older() []place { return []place{s.at} }
func (s *convert) newer() []place { return []place{s.at} }

func (s *convert) loss() string {
	switch {
	case s.from == "date-time":
		return "the offset and the fractions of a time"
	case s.from == "unix-ms" && s.to == "unix":
		return "the milliseconds of a time"
	}
	return ""
}

func (s *convert) reshape(on *shape, _ *site) (bool, *finding.Error) {
	return replace(on, s.at, func(at *shape) *finding.Error {
		for _, f := range at.family(true) {
			f.literals = nil
			if s.to != "" && f.kinds != 0 {
				f.kinds = f.kinds&(1<<kindNull) | 1<<typeKinds[s.to]
			}
		}
		return nil
	})
}

func (s *convert) forward(d *document, v *value) { s.apply(d, v, s.from, s.to, s.factor, s.round) }
func (s *convert) back(d *document, v *value)    { s.apply(d, v, s.to, s.from, s.inverse, s.roundBack) }

func (s *convert) apply(d *document, v *value, from, to string, factor *big.Rat, digits int) {
	for _, at := range collect(nil, v, s.at.tokens) {
		if at.kind == kindNull {
			continue
		}
		text, ok := convertText(at, from, to, factor, digits)
		if !ok {
			d.fail(s.at.tokens, "the value cannot be converted")
			return
		}
		*at = *made(text)
	}
}

// convertText returns the JSON text of a value in another type and unit.
func convertText(v *value, from, to string, factor *big.Rat, digits int) (string, bool) {
	if from != "" && v.kind != typeKinds[from] || from == "" && v.kind != kindNumber {
		return "", false
	}
	if isTime(from) {
		return convertTime(v, from, to)
	}
	text := v.literal()
	if v.kind == kindString {
		text = v.string()
	}
	if factor != nil {
		var ok bool
		if text, ok = multiply(text, factor, digits); !ok {
			return "", false
		}
	}
	switch to {
	case "":
		return text, true
	case "string":
		return string(appendString(nil, text)), true
	case "boolean":
		return text, text == "true" || text == "false"
	case "integer":
		return text, numberLength(text) == len(text) && text != "" && !strings.ContainsAny(text, ".eE")
	}
	return text, text != "" && numberLength(text) == len(text)
}

// convertTime returns a time in another form.
func convertTime(v *value, from, to string) (string, bool) {
	var t time.Time
	if from == "date-time" {
		var err error
		if t, err = time.Parse(time.RFC3339Nano, strings.ToUpper(v.string())); err != nil {
			return "", false
		}
	} else {
		n, err := strconv.ParseInt(v.literal(), 10, 64)
		if t = time.Unix(n, 0); from == "unix-ms" {
			t = time.UnixMilli(n)
		}
		if y := t.UTC().Year(); err != nil || y < 0 || y > 9999 {
			return "", false
		}
	}
	switch to {
	case "unix":
		return strconv.FormatInt(t.Unix(), 10), true
	case "unix-ms":
		return strconv.FormatInt(t.UnixMilli(), 10), true
	}
	return string(appendString(nil, t.UTC().Format(time.RFC3339Nano))), true
}

// Bounds of numbers that are multiplied: exact arithmetic with larger ones takes all
// memory there is.
const (
	maxNumber   = 64 // characters
	maxExponent = 64
	maxDigits   = 30 // behind the point of what has an exact decimal form
)

// multiply returns a number times a factor: exactly, or rounded half to even.
func multiply(text string, factor *big.Rat, digits int) (string, bool) {
	if text == "" || len(text) > maxNumber || numberLength(text) != len(text) {
		return "", false
	}
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		if e, err := strconv.Atoi(text[i+1:]); err != nil || e > maxExponent || e < -maxExponent {
			return "", false
		}
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return "", false
	}
	r.Mul(r, factor)
	if digits < 0 {
		exact, finite := r.FloatPrec()
		if !finite || exact > maxDigits {
			return "", false
		}
		return r.FloatString(exact), true
	}
	out := roundEven(r, digits)
	if strings.Contains(out, ".") {
		out = strings.TrimRight(strings.TrimRight(out, "0"), ".")
	}
	return out, true
}

// roundEven writes a number with so many digits behind the point.
func roundEven(r *big.Rat, digits int) string {
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	scaled := new(big.Rat).Mul(r, new(big.Rat).SetInt(scale))
	quotient, rest := new(big.Int).DivMod(scaled.Num(), scaled.Denom(), new(big.Int))
	switch c := rest.Lsh(rest, 1).Cmp(scaled.Denom()); {
	case c > 0, c == 0 && quotient.Bit(0) == 1:
		quotient.Add(quotient, big.NewInt(1))
	}
	return new(big.Rat).SetFrac(quotient, scale).FloatString(digits)
}

func (s *convert) trace(tokens []string) ([]string, bool) { return tokens, true }
