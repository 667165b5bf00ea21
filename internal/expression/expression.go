// Package expression compiles and evaluates expressions in CEL over JSON, within bounds.
package expression

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"gateway/internal/number"
)

const (
	// MaxLength bounds the text of an expression, in bytes.
	MaxLength = 4096
	// MaxCost bounds what one evaluation may cost, in CEL's units: about one for each
	// step and each item that is looked at, and one for each character that is made. A
	// call whose cost grows faster than its arguments is refused before it is made.
	MaxCost = 100_000
)

// Language is what the expressions of one kind may say. It is safe for concurrent use.
type Language struct{ prepare func() (*prepared, error) }

// prepared is what a language needs once.
type prepared struct {
	env   *cel.Env
	guard cel.ProgramOption
}

// NewLanguage returns the language with the variables and functions of options. Numbers
// of different types compare by their value. Options that contradict each other are
// reported by Compile.
func NewLanguage(options ...cel.EnvOption) *Language {
	options = append([]cel.EnvOption{
		cel.CustomTypeAdapter(adapter{types.DefaultTypeAdapter}), cel.CrossTypeNumericComparisons(true),
	}, options...)
	return &Language{sync.OnceValues(func() (*prepared, error) {
		env, err := cel.NewEnv(options...)
		if err != nil {
			return nil, err
		}
		guard, err := guard(env)
		if err != nil {
			return nil, err
		}
		return &prepared{env, guard}, nil
	})}
}

// Program is a compiled expression. It is safe for concurrent use.
type Program struct {
	// Type is what the expression gives, as far as it is known beforehand.
	Type    *cel.Type
	program cel.Program
}

// Compile compiles an expression. The error is one line.
func (l *Language) Compile(text string) (*Program, error) {
	if len(text) > MaxLength {
		return nil, fmt.Errorf("it is longer than %d bytes", MaxLength)
	}
	language, err := l.prepare()
	if err != nil {
		return nil, err
	}
	checked, issues := language.env.Compile(text)
	if list := issues.Errors(); len(list) > 0 {
		// CEL lists every token that could have come instead; the first words are enough.
		message, _, _ := strings.Cut(list[0].Message, " expecting ")
		message = strings.TrimSuffix(message, " (in container '')")
		if line := list[0].Location.Line(); line > 0 { // else it is about the whole
			message += fmt.Sprintf(" (at %d:%d of the expression)", line, list[0].Location.Column()+1)
		}
		return nil, errors.New(message)
	}
	program, err := language.env.Program(checked, language.guard, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(MaxCost))
	if err != nil {
		return nil, err
	}
	return &Program{checked.OutputType(), program}, nil
}

// Eval evaluates the expression. about is a map of the variables or an activation of
// CEL. It returns what the evaluation has cost as well, at most about MaxCost.
func (p *Program) Eval(about any) (result ref.Val, cost uint64, err error) {
	result, details, err := p.program.Eval(about)
	if spent := details.ActualCost(); spent != nil {
		cost = *spent
	}
	return result, cost, err
}

// Value shows a decoded JSON value to an expression. Numbers are json.Number: a whole one
// is an int, any other a double. What neither holds exactly is an error where it is used.
func Value(value any) ref.Val { return adapter{types.DefaultTypeAdapter}.NativeToValue(value) }

// adapter does what Value says for everything inside a value.
type adapter struct{ types.Adapter }

// NativeToValue implements types.Adapter.
func (a adapter) NativeToValue(value any) ref.Val {
	switch value := value.(type) {
	case json.Number:
		if n, err := strconv.ParseInt(string(value), 10, 64); err == nil {
			return types.Int(n)
		}
		f, ok := number.Double(string(value))
		if !ok {
			return types.NewErr("a number has more digits than an expression can hold")
		}
		return types.Double(f)
	case map[string]any:
		return types.NewStringInterfaceMap(a, value)
	case []any:
		return types.NewDynamicList(a, value)
	}
	return a.Adapter.NativeToValue(value)
}
