package auth

import (
	"errors"
	"fmt"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"
	"cel.dev/cel-go/interpreter"

	core "gateway/internal/expression"
)

// language is what rules in CEL may say. A token of 16 KiB cannot make an expression run
// on: what one costs is bounded.
var language = core.NewLanguage(
	cel.Variable("claims", cel.MapType(cel.StringType, cel.DynType)),
	cel.Variable("request.method", cel.StringType),
	cel.Variable("request.host", cel.StringType),
	cel.Variable("request.path", cel.StringType),
	ext.Strings(), ext.Sets(),
)

// expression is a compiled rule in CEL. It is safe for use by many requests at once.
type expression struct{ program *core.Program }

// subjectMatter is what an expression speaks about.
type subjectMatter struct {
	claims             map[string]any
	method, host, path string
}

// ResolveName implements interpreter.Activation.
func (s *subjectMatter) ResolveName(name string) (any, bool) {
	switch name {
	case "claims":
		return core.Value(s.claims), true
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
	program, err := language.Compile(text)
	if err != nil {
		return nil, err
	}
	if kind := program.Type; kind != cel.BoolType && kind != cel.DynType {
		return nil, fmt.Errorf("it gives %s, and a rule is true or false", kind)
	}
	return &expression{program}, nil
}
