package change

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/ext"

	"gateway/internal/finding"
)

const (
	// maxExpression bounds the length of an expression in bytes.
	maxExpression = 4096
	// maxCost bounds what one evaluation may cost, in CEL's units: about one for each
	// step and each item that is looked at.
	maxCost = 100_000
)

// expression computes a value with CEL, and the old one of it with another expression.
type expression struct {
	at       place
	ahead    cel.Program
	backward cel.Program
}

func (o *options) cel() step {
	s := &expression{at: o.place("cel")}
	for _, name := range []string{"forward", "back"} {
		n := o.values[name]
		if n == nil {
			o.fail(nil, name+": value", "cel needs %q: nobody can derive the inverse of an expression", name)
			continue
		}
		program, err := compileExpression(n.Value)
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

// compileExpression compiles an expression. The error is one line.
func compileExpression(text string) (cel.Program, error) {
	if len(text) > maxExpression {
		return nil, fmt.Errorf("it is longer than %d bytes", maxExpression)
	}
	env, err := cel.NewEnv(
		cel.CustomTypeAdapter(jsonAdapter{types.DefaultTypeAdapter}),
		cel.Variable("value", cel.DynType), cel.Variable("self", cel.DynType),
		cel.CrossTypeNumericComparisons(true), cel.OptionalTypes(),
		ext.Strings(), ext.Math(), ext.Lists(), ext.TwoVarComprehensions(),
	)
	if err != nil {
		return nil, err
	}
	checked, issues := env.Compile(text)
	if list := issues.Errors(); len(list) > 0 {
		message, _, _ := strings.Cut(list[0].Message, " expecting ")
		message = strings.TrimSuffix(message, " (in container '')")
		return nil, fmt.Errorf("%s (at %d:%d of the expression)", message, list[0].Location.Line(), list[0].Location.Column()+1)
	}
	return env.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxCost))
}

func (s *expression) fresh() step    { return s }
func (s *expression) where() word    { return s.at.word }
func (s *expression) loss() string   { return "" }
func (s *expression) older() []place { return []place{s.at} }
func (s *expression) newer() []place { return []place{s.at} }

// reshape forgets what was known: the expression may make anything.
func (s *expression) reshape(on *shape, _ *site) (bool, *finding.Error) {
	return replace(on, s.at, func(at *shape) *finding.Error {
		at.become(shape{unknown: true, place: at.place, names: at.names})
		return nil
	})
}

func (s *expression) forward(d *document, v *value) { s.apply(d, v, s.ahead) }
func (s *expression) back(d *document, v *value)    { s.apply(d, v, s.backward) }

func (s *expression) apply(d *document, v *value, program cel.Program) {
	places := collect(nil, v, s.at.tokens)
	if len(places) == 0 {
		return
	}
	self := decoded(v)
	for _, at := range places {
		result, _, err := program.Eval(map[string]any{"value": decoded(at), "self": self})
		if err != nil {
			d.fail(s.at.tokens, "the expression of the change has no result for this value")
			return
		}
		text, ok := appendCEL(nil, result, 0)
		if !ok {
			d.fail(s.at.tokens, "the expression of the change gives what JSON cannot write")
			return
		}
		*at = *made(string(text))
	}
}

func (s *expression) trace(tokens []string) ([]string, bool) {
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

// jsonAdapter shows JSON to CEL: a whole number is an int, any other a double.
type jsonAdapter struct{ types.Adapter }

// NativeToValue implements types.Adapter.
func (a jsonAdapter) NativeToValue(value any) ref.Val {
	switch value := value.(type) {
	case json.Number:
		if n, err := strconv.ParseInt(string(value), 10, 64); err == nil {
			return types.Int(n)
		}
		f, err := value.Float64()
		if err != nil {
			return types.NewErr("a number is out of range")
		}
		return types.Double(f)
	case map[string]any:
		return types.NewStringInterfaceMap(a, value)
	case []any:
		return types.NewDynamicList(a, value)
	}
	return a.Adapter.NativeToValue(value)
}

// appendCEL writes a value of CEL as JSON, the members of maps in the order of names.
func appendCEL(dst []byte, v ref.Val, depth int) ([]byte, bool) {
	if depth > maxDepth {
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
		return appendMap(dst, v, depth)
	case traits.Lister:
		dst = append(dst, '[')
		for it := v.Iterator(); it.HasNext() == types.True; {
			if dst[len(dst)-1] != '[' {
				dst = append(dst, ',')
			}
			var ok bool
			if dst, ok = appendCEL(dst, it.Next(), depth+1); !ok {
				return dst, false
			}
		}
		return append(dst, ']'), true
	}
	return dst, false
}

func appendMap(dst []byte, m traits.Mapper, depth int) ([]byte, bool) {
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
		if dst, ok = appendCEL(dst, m.Get(types.String(name)), depth+1); !ok {
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
