package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"
	"cel.dev/cel-go/interpreter"
)

const (
	// maxExpression bounds the length of an expression in bytes.
	maxExpression = 4096
	// maxCost bounds what one evaluation may cost, in CEL's units: about one for each
	// step and each item that is looked at. A token of 16 KiB cannot make an
	// expression run on.
	maxCost = 100_000
)

// expression is a compiled rule in CEL. It is safe for use by many requests at once.
type expression struct {
	program cel.Program
}

// subjectMatter is what an expression speaks about.
type subjectMatter struct {
	claims             map[string]any
	method, host, path string
}

// ResolveName implements interpreter.Activation.
func (s *subjectMatter) ResolveName(name string) (any, bool) {
	switch name {
	case "claims":
		return claimValue(s.claims), true
	case "request.method":
		return s.method, true
	case "request.host":
		return s.host, true
	case "request.path":
		return s.path, true
	}
	return nil, false
}

// Parent implements interpreter.Activation.
func (*subjectMatter) Parent() interpreter.Activation { return nil }

// errNotTrue is the cause where an expression is neither true nor false.
var errNotTrue = errors.New("the expression is not a boolean")

// holds evaluates the expression. Whatever goes wrong counts as no.
func (e *expression) holds(about *subjectMatter) (bool, error) {
	result, _, err := e.program.Eval(about)
	if err != nil {
		return false, err
	}
	yes, ok := result.Value().(bool)
	if !ok {
		return false, errNotTrue
	}
	return yes, nil
}

// compileExpression compiles an expression. The error is one line.
func compileExpression(text string) (*expression, error) {
	if len(text) > maxExpression {
		return nil, fmt.Errorf("it is longer than %d bytes", maxExpression)
	}
	env, err := cel.NewEnv(
		cel.CustomTypeAdapter(jsonAdapter{types.DefaultTypeAdapter}),
		cel.Variable("claims", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("request.method", cel.StringType),
		cel.Variable("request.host", cel.StringType),
		cel.Variable("request.path", cel.StringType),
		cel.CrossTypeNumericComparisons(true),
		ext.Strings(), ext.Sets(),
	)
	if err != nil {
		return nil, err
	}
	checked, issues := env.Compile(text)
	if list := issues.Errors(); len(list) > 0 {
		// CEL lists every token that could have come instead; the first words are enough.
		message, _, _ := strings.Cut(list[0].Message, " expecting ")
		message = strings.TrimSuffix(message, " (in container '')")
		return nil, fmt.Errorf("%s (at %d:%d of the expression)", message, list[0].Location.Line(), list[0].Location.Column()+1)
	}
	if kind := checked.OutputType(); kind != cel.BoolType && kind != cel.DynType {
		return nil, fmt.Errorf("it gives %s, and a rule is true or false", kind)
	}
	program, err := env.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxCost))
	if err != nil {
		return nil, err
	}
	return &expression{program}, nil
}

// jsonAdapter shows claims to CEL: a whole number is an int, any other a double.
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

func claimValue(claims map[string]any) ref.Val {
	return jsonAdapter{types.DefaultTypeAdapter}.NativeToValue(claims)
}
