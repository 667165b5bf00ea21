package expression

import (
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
)

// CEL counts what a call has cost when it has been made. For most functions that is soon
// enough: they cost about as much as their arguments are long. Those of costly can make
// far more of values that a client chose, so they are asked before.

// costly says for functions what a call is going to cost at least. Counting stops beyond
// MaxCost. The arguments may be of any type.
var costly = map[string]func(args []ref.Val) uint64{
	"replace":               costOfReplace,
	"join":                  costOfJoin,
	"format":                costOfFormat,
	"flatten":               costOfFlatten,
	"distinct":              costOfPairs,
	"sort":                  costOfPairs,
	"@sortByAssociatedKeys": costOfPairs, // of the macro sortBy
	"sets.contains":         costOfSets,
	"sets.equivalent":       costOfSets,
	"sets.intersects":       costOfSets,
	"matches":               costOfPattern,
}

const (
	// bytesPerCharacter is how long a character is at most: lengths are cheap to have in
	// bytes, and CEL counts characters.
	bytesPerCharacter = 4
	// maxNesting bounds how deep values are looked into.
	maxNesting = 512
)

var errCost = types.NewErr("operation cancelled: the next call would exceed the cost limit")

// guard puts the question before the calls of costly functions.
func guard(env *cel.Env) (cel.ProgramOption, error) {
	calls := make(map[string]*functions.Overload)
	for name := range costly {
		bindings, err := env.Functions()[name].Bindings()
		if err != nil {
			return nil, err
		}
		for _, b := range bindings { // of the forms, and of the function for types that are not known before
			calls[b.Operator] = b
		}
	}
	return cel.CustomDecoratorV2(func(step interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
		call, ok := step.(interpreter.InterpretableCall)
		if !ok || costly[call.Function()] == nil {
			return step, nil
		}
		cost, made := costly[call.Function()], calls[call.OverloadID()]
		if made == nil {
			made = calls[call.Function()]
		}
		return interpreter.NewCall(call.ID(), call.Function(), call.OverloadID(), call.Args(), func(args ...ref.Val) ref.Val {
			if cost(args) > MaxCost {
				return errCost
			}
			return invoke(made, args)
		}), nil
	}), nil
}

func invoke(made *functions.Overload, args []ref.Val) ref.Val {
	switch {
	case len(args) == 1 && made.Unary != nil:
		return made.Unary(args[0])
	case len(args) == 2 && made.Binary != nil:
		return made.Binary(args[0], args[1])
	case made.Function != nil:
		return made.Function(args...)
	}
	return types.NewErr("no such overload: %s", made.Operator)
}

// size is how many items or characters a value has.
func size(value ref.Val) uint64 {
	if sized, ok := value.(traits.Sizer); ok {
		if n, ok := sized.Size().(types.Int); ok {
			return uint64(n)
		}
	}
	return 1
}

// costOfPairs is what it costs to compare every item with every other.
func costOfPairs(args []ref.Val) uint64 {
	n := size(args[0])
	return 2 * n * n
}

func costOfSets(args []ref.Val) uint64 { return size(args[0]) * size(args[1]) }

// costOfReplace is the length of the result.
func costOfReplace(args []ref.Val) uint64 {
	text, _ := args[0].(types.String)
	old, _ := args[1].(types.String)
	put, _ := args[2].(types.String)
	n := strings.Count(string(text), string(old))
	if len(args) > 3 {
		if most, ok := args[3].(types.Int); ok && most >= 0 {
			n = int(min(int64(n), int64(most)))
		}
	}
	return uint64(max(len(text)+n*(len(put)-len(old)), 0)) / bytesPerCharacter
}

// costOfJoin is the length of the result.
func costOfJoin(args []ref.Val) uint64 {
	cost := length(args[0], 0)
	if len(args) > 1 {
		between, _ := args[1].(types.String)
		cost += size(args[0]) * uint64(len(between)) / bytesPerCharacter
	}
	return cost
}

// costOfFormat is the length of what is put into the text.
func costOfFormat(args []ref.Val) uint64 { return length(args[1], 0) }

// costOfPattern refuses long patterns, of which programs are made.
func costOfPattern(args []ref.Val) uint64 {
	if pattern, ok := args[1].(types.String); ok && len(pattern) > MaxLength {
		return MaxCost + 1
	}
	return 0
}

// costOfFlatten is the length of the result.
func costOfFlatten(args []ref.Val) uint64 {
	depth := types.Int(1)
	if len(args) > 1 {
		depth, _ = args[1].(types.Int)
	}
	return items(args[0], min(depth, maxNesting))
}

// items counts what is in a list, and in the lists in it down to a depth.
func items(value ref.Val, depth types.Int) uint64 {
	list, ok := value.(traits.Lister)
	if !ok || depth < 0 {
		return 1
	}
	var n uint64
	for it := list.Iterator(); n <= MaxCost && it.HasNext() == types.True; {
		n += items(it.Next(), depth-1)
	}
	return n
}

// length is how long a value is as text at least, in characters.
func length(value ref.Val, depth int) uint64 {
	var n uint64
	switch value := value.(type) {
	case types.String:
		return uint64(len(value)) / bytesPerCharacter
	case types.Bytes:
		return uint64(len(value)) / bytesPerCharacter
	case traits.Mapper:
		for it := value.Iterator(); n <= MaxCost && depth < maxNesting && it.HasNext() == types.True; {
			name := it.Next()
			n += length(name, depth+1) + length(value.Get(name), depth+1)
		}
	case traits.Lister:
		for it := value.Iterator(); n <= MaxCost && depth < maxNesting && it.HasNext() == types.True; {
			n += length(it.Next(), depth+1)
		}
	}
	return n + 1
}
