package change

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/ext"

	"gateway/internal/expression"
	"gateway/internal/finding"
)

// Bounds of what the expressions of all changes may do for one document together.
const (
	// freeCost and costPerByte bound what they cost, in the units of expression.MaxCost,
	// by the length of the document.
	freeCost, costPerByte = 1_000_000, 16
	// freeText and textPerByte bound the text that they make, in bytes, likewise.
	freeText, textPerByte = 1 << 20, 16
)

// language is what they may say.
var language = expression.NewLanguage(
	cel.Variable("value", cel.DynType), cel.Variable("self", cel.DynType), cel.OptionalTypes(),
	ext.Strings(), ext.Math(), ext.Lists(), ext.TwoVarComprehensions(),
)

// computation computes a value with CEL, and the old one of it with another expression.
type computation struct {
	at       place
	ahead    *expression.Program
	backward *expression.Program
}

func (o *options) cel() step {
	s := &computation{at: o.place("cel")}
	for _, name := range []string{"forward", "back"} {
		n := o.values[name]
		if n == nil {
			o.fail(nil, name+": value", "cel needs %q: nobody can derive the inverse of an expression", name)
			continue
		}
		program, err := language.Compile(n.Value)
		if err != nil {
			o.fail(n, "value is what stands at the place, self what the change applies to", "the expression does not compile: %v", err)
		}
		if name == "forward" {
			s.ahead = program
		} else {
			s.backward = program
		}
	}
	return s
}

func (s *computation) fresh() step    { return s }
func (s *computation) where() word    { return s.at.word }
func (s *computation) loss() string   { return "" }
func (s *computation) older() []place { return []place{s.at} }
func (s *computation) newer() []place { return []place{s.at} }

// reshape forgets what was known: the expression may make anything.
func (s *computation) reshape(on *shape, _ *site) (bool, *finding.Error) {
	return replace(on, s.at, func(at *shape) *finding.Error {
		at.become(shape{unknown: true, place: at.place, names: at.names})
		return nil
	})
}

func (s *computation) forward(d *document, v *value) { s.apply(d, v, s.ahead) }
func (s *computation) back(d *document, v *value)    { s.apply(d, v, s.backward) }

func (s *computation) apply(d *document, v *value, program *expression.Program) {
	places := collect(nil, v, s.at.tokens)
	if len(places) == 0 {
		return
	}
	self := decoded(v)
	for _, at := range places {
		result, cost, err := program.Eval(map[string]any{"value": decoded(at), "self": self})
		if err != nil {
			d.fail(s.at.tokens, "the expression of the change has no result for this value")
			return
		}
		room := freeText + textPerByte*len(d.text) - d.computed.text
		text, ok := appendCEL(nil, result, room, 0)
		d.computed.cost += int(cost + cost*cost/10_000) // counting takes time with the square of what is counted
		d.computed.text += len(text)
		switch {
		case len(text) > room || d.computed.cost > freeCost+costPerByte*len(d.text):
			d.fail(s.at.tokens, "the expressions of the changes cost too much for a document of this length")
			return
		case !ok:
			d.fail(s.at.tokens, "the expression of the change gives what JSON cannot write")
			return
		}
		*at = *made(string(text))
	}
}

func (s *computation) trace(tokens []string) ([]string, bool) {
	if under(tokens, s.at.tokens) { // nobody knows what became of what is inside
		return tokens[:len(s.at.tokens)], true
	}
	return tokens, true
}

// decoded is a value as Go has it, numbers as json.Number.
func decoded(v *value) any {
	decoder := json.NewDecoder(strings.NewReader(string(v.write(nil))))
	decoder.UseNumber()
	var out any
	if decoder.Decode(&out) != nil {
		return nil
	}
	return out
}

// appendCEL writes a value of CEL as JSON, the members of maps in the order of names. It
// ends where there is no room any more.
func appendCEL(dst []byte, v ref.Val, room, depth int) ([]byte, bool) {
	if depth > maxDepth || len(dst) > room {
		return dst, false
	}
	switch v := v.(type) {
	case types.Null:
		return append(dst, "null"...), true
	case types.Bool:
		return strconv.AppendBool(dst, bool(v)), true
	case types.Int:
		return strconv.AppendInt(dst, int64(v), 10), true
	case types.Uint:
		return strconv.AppendUint(dst, uint64(v), 10), true
	case types.Double:
		return appendDouble(dst, float64(v))
	case types.String:
		return appendString(dst, string(v)), true
	case traits.Mapper:
		return appendMap(dst, v, room, depth)
	case traits.Lister:
		dst = append(dst, '[')
		for it := v.Iterator(); it.HasNext() == types.True; {
			if dst[len(dst)-1] != '[' {
				dst = append(dst, ',')
			}
			var ok bool
			if dst, ok = appendCEL(dst, it.Next(), room, depth+1); !ok {
				return dst, false
			}
		}
		return append(dst, ']'), true
	}
	return dst, false
}

func appendMap(dst []byte, m traits.Mapper, room, depth int) ([]byte, bool) {
	var names []string
	for it := m.Iterator(); it.HasNext() == types.True; {
		name, ok := it.Next().(types.String)
		if !ok {
			return dst, false
		}
		names = append(names, string(name))
	}
	slices.Sort(names)
	dst = append(dst, '{')
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, name), ':')
		var ok bool
		if dst, ok = appendCEL(dst, m.Get(types.String(name)), room, depth+1); !ok {
			return dst, false
		}
	}
	return append(dst, '}'), true
}

// appendDouble writes a number; whole ones without a point.
func appendDouble(dst []byte, f float64) ([]byte, bool) {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return dst, false
	}
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.AppendInt(dst, int64(f), 10), true
	}
	return strconv.AppendFloat(dst, f, 'g', -1, 64), true
}
