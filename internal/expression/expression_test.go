package expression

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/ext"
)

// everything is a language with all extensions that callers use.
var everything = NewLanguage(
	cel.Variable("v", cel.DynType), cel.Variable("w", cel.DynType),
	cel.OptionalTypes(), ext.Strings(), ext.Math(), ext.Lists(), ext.Sets(), ext.TwoVarComprehensions(),
)

func compile(t testing.TB, text string) *Program {
	t.Helper()
	p, err := everything.Compile(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

// decoded reads JSON as callers do.
func decoded(t testing.TB, text string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var out any
	if err := d.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEval(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, v, want string }{
		{"v + 1", "41", "42"},
		{"v * 2.0", "1.5", "3"},
		{"v == 1.0", "1", "true"},
		{"v > 1", "1.5", "true"},
		{"v.a.b[1]", `{"a":{"b":[1,"x"]}}`, "x"},
		{"v.replace('a', 'bb')", `"aXa"`, "bbXbb"},
		{"v.replace('a', 'bb', 1)", `"aXa"`, "bbXa"},
		{"v.replace('a', 'bb', -1)", `"aXa"`, "bbXbb"},
		{"v.replace('', '-')", `"ab"`, "-a-b-"},
		{"v.join()", `["a","b"]`, "ab"},
		{"v.join(', ')", `["a","b"]`, "a, b"},
		{"'%s and %d'.format(v)", `["a",7]`, "a and 7"},
		{"v.flatten().join()", `[["1"],["2","3"]]`, "123"},
		{"v.flatten(2).join()", `[["1"],["2",["3"]]]`, "123"},
		{"v.distinct().join()", `["1","2","1"]`, "12"},
		{"v.sort().map(x, string(x)).join()", `[3,1,2]`, "123"},
		{"v.sortBy(x, -x).map(x, string(x)).join()", `[3,1,2]`, "321"},
		{"sets.contains(v, [1])", `[1,2]`, "true"},
		{"sets.intersects(v, [3])", `[1,2]`, "false"},
		{"sets.equivalent(v, [2, 1])", `[1,2]`, "true"},
		{"v.matches('^a+$')", `"aaa"`, "true"},
		{"matches(v, '^b')", `"aaa"`, "false"},
		{"v", "1.2345678901234567e+19", "1.2345678901234567e+19"},
	} {
		result, cost, err := compile(t, test.text).Eval(map[string]any{"v": Value(decoded(t, test.v))})
		if err != nil {
			t.Errorf("%s of %s: %v", test.text, test.v, err)
		} else if got := fmt.Sprint(result.Value()); got != test.want || cost == 0 {
			t.Errorf("%s of %s: got %s at the cost of %d, want %s", test.text, test.v, got, cost, test.want)
		}
	}
}

// TestNumbersAreNotRounded: a number that is another one as a double is no value, where it
// is used.
func TestNumbersAreNotRounded(t *testing.T) {
	t.Parallel()
	for _, v := range []string{"12345678901234567890", "0.1234567890123456789", "1e400"} {
		about := map[string]any{"v": Value(decoded(t, `{"n":`+v+`,"m":1}`))}
		if result, _, err := compile(t, "v.n > 1").Eval(about); err == nil {
			t.Errorf("%s: got %v", v, result)
		}
		if result, _, err := compile(t, "v.m + 1").Eval(about); err != nil || fmt.Sprint(result.Value()) != "2" {
			t.Errorf("beside %s: got %v, %v", v, result, err)
		}
	}
}

func TestCompileErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, want string }{
		{"v +", "Syntax error: mismatched input '<EOF>' (at 1:4 of the expression)"},
		{"nobody", "undeclared reference to 'nobody' (at 1:1 of the expression)"},
		{strings.Repeat("v", MaxLength+1), "it is longer than 4096 bytes"},
		{strings.Repeat("(", 2000) + "v" + strings.Repeat(")", 2000), "expression recursion limit exceeded: 250"},
	} {
		_, err := everything.Compile(test.text)
		if err == nil || err.Error() != test.want {
			t.Errorf("%.20s: got %v, want %s", test.text, err, test.want)
		}
	}
	broken := NewLanguage(cel.Variable("v", cel.IntType), cel.Function("size", cel.Overload("size_string", []*cel.Type{cel.IntType}, cel.IntType)))
	if _, err := broken.Compile("v"); err == nil {
		t.Error("a language whose options contradict each other compiles an expression")
	}
	if p := compile(t, "v == 1"); p.Type != cel.BoolType {
		t.Errorf("the type is %v", p.Type)
	}
}

func TestValueOutOfRange(t *testing.T) {
	t.Parallel()
	if got := Value(json.Number("1e999")); !types.IsError(got) {
		t.Errorf("got %v", got)
	}
}

// No expression over what a client sends costs much more than it may.
func TestHostileValues(t *testing.T) {
	const n = 200_000
	text := Value(strings.Repeat("a", n))
	list, lists := make([]any, n), make([]any, n)
	for i := range list {
		list[i], lists[i] = fmt.Sprint("x", i), list
	}
	for _, test := range []struct {
		text string
		v, w any
	}{
		{"v.replace('a', w)", text, text},
		{"v.replace('', w)", text, text},
		{"v.replace('a', w, 100000)", text, text},
		{"v.join(w)", list, text},
		{"'%s'.format([v])", lists, nil},
		{"w.format(v)", lists, strings.Repeat("%s", n)},
		{"v.flatten()", lists, nil},
		{"v.flatten(9)", lists, nil},
		{"v.distinct()", list, nil},
		{"v.sort()", list, nil},
		{"v.sortBy(x, x)", list, nil},
		{"sets.contains(v, w)", list, list},
		{"sets.equivalent(v, w)", list, list},
		{"sets.intersects(v, w)", list, []any{"a", "b", "c", "d"}},
		{"v.matches(w)", text, text},
		{"matches(v, w)", text, text},
		{"lists.range(v)", json.Number("900000"), nil},
		{"v.map(x, v.map(y, y + x))", list, nil},
		{"v.exists(x, x == w)", list, "nobody"},
	} {
		p := compile(t, test.text)
		about := map[string]any{"v": test.v, "w": test.w}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := p.Eval(about)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: no error", test.text)
		}
		if spent := (after.TotalAlloc - before.TotalAlloc) >> 20; spent > 64 {
			t.Errorf("%s: %d MiB allocated", test.text, spent)
		}
	}
}

// Every costly function is one that the languages have, and may be left out of one.
func TestGuards(t *testing.T) {
	t.Parallel()
	language, err := everything.prepare()
	if err != nil {
		t.Fatal(err)
	}
	for name := range costly {
		if language.env.Functions()[name] == nil {
			t.Errorf("there is no function %s", name)
		}
	}
	if _, err := NewLanguage().Compile("1 + 1"); err != nil {
		t.Error(err)
	}
}

// An identity over a value of any size is cheap.
func TestLargeIdentity(t *testing.T) {
	t.Parallel()
	if _, cost, err := compile(t, "v").Eval(map[string]any{"v": strings.Repeat("a", 10<<20)}); err != nil || cost > 10 {
		t.Errorf("cost %d, %v", cost, err)
	}
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		compile(b, "v.a > 3 && v.b == 'x'")
	}
}

func FuzzEval(f *testing.F) {
	for _, seed := range []string{"v.sort()", "v.replace(w, w)", "[v, w].flatten(3)", "'%d'.format([v])", "v.?a.orValue(w)", "matches(w, v)", "v.transformList(i, x, x + i)"} {
		f.Add(seed, `["a",1,[2.5,null],{"k":"v"}]`, `"a"`)
	}
	f.Fuzz(func(t *testing.T, text, v, w string) {
		p, err := everything.Compile(text)
		if err != nil {
			return
		}
		var values [2]any
		for i, s := range []string{v, w} {
			d := json.NewDecoder(strings.NewReader(s))
			d.UseNumber()
			if d.Decode(&values[i]) != nil {
				return
			}
		}
		result, _, err := p.Eval(map[string]any{"v": values[0], "w": values[1]})
		if err == nil && types.IsUnknownOrError(result) {
			t.Errorf("%s gives %v and no error", text, result)
		}
	})
}
