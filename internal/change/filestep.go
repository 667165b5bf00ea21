package change

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"

	"go.yaml.in/yaml/v3"

	"gateway/internal/finding"
)

// verbs are the steps, with the members that each has besides the place.
var verbs = map[string][]string{
	"rename": {"to"}, "move": {"to"}, "add": {"value"}, "remove": {"value"}, "map": {"values", "back"},
	"wrap": {"in"}, "unwrap": {"from"}, "split": {"to", "by", "missing"}, "join": {"to", "by", "missing"},
	"convert": {"from", "to", "times", "round", "round_back"}, "cel": {"forward", "back"},
}

var verbNames = []string{"rename", "move", "add", "remove", "map", "wrap", "unwrap", "split", "join", "convert", "cel"}

// steps reads a list of steps.
func (r *reader) steps(n *yaml.Node, naming naming) []step {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 || len(n.Content) > maxSteps {
		r.add(n, "- rename: qty", "steps are a list of 1 to %d steps", maxSteps)
		return nil
	}
	var list []step
	for _, item := range n.Content {
		before := len(r.found)
		if s := r.step(item, naming); s != nil && len(r.found) == before {
			list = append(list, s)
		}
	}
	return list
}

// options are the members of one step.
type options struct {
	*reader
	naming naming
	verb   *yaml.Node
	values map[string]*yaml.Node
}

// step reads one step: a mapping that begins with its verb.
func (r *reader) step(n *yaml.Node, naming naming) step {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		r.add(n, "- rename: qty", "a step is a mapping that begins with what is done")
		return nil
	}
	verb := n.Content[0]
	known, ok := verbs[verb.Value]
	if !ok {
		r.add(verb, finding.Suggest(verb.Value, verbNames...), "%q is not a step", verb.Value)
		return nil
	}
	o := &options{reader: r, naming: naming, verb: verb, values: make(map[string]*yaml.Node)}
	if !r.members(n, "the step "+verb.Value, append([]string{verb.Value}, known...), func(key, value *yaml.Node) { o.values[key.Value] = value }) {
		return nil
	}
	return o.make()
}

// make makes the step.
func (o *options) make() step {
	switch o.verb.Value {
	case "rename":
		return o.rename()
	case "move":
		return o.move()
	case "add":
		return o.add()
	case "remove":
		return o.remove()
	case "map":
		return o.mapping()
	case "wrap":
		return o.wrap("in")
	case "unwrap":
		return o.wrap("from")
	case "split":
		return o.split()
	case "join":
		return o.join()
	case "convert":
		return o.convert()
	default:
		return o.cel()
	}
}

// fail reports a flaw of the step.
func (o *options) fail(n *yaml.Node, hint, format string, args ...any) {
	if n == nil {
		n = o.verb
	}
	o.reader.add(n, hint, format, args...)
}

// place reads a member that is a place.
func (o *options) place(name string) place {
	n := o.values[name]
	if n == nil {
		o.fail(nil, "", "%s needs %q", o.verb.Value, name)
		return place{}
	}
	return o.placeAt(n, name)
}

func (o *options) placeAt(n *yaml.Node, name string) place {
	if o.text(n, name) == "" {
		return place{}
	}
	p, flaw := parsePlace(o.word(n))
	hint := "a name, a JSON Pointer such as /items/*/qty, or . for the value itself"
	if flaw == "" && o.naming != nil {
		flaw, hint = o.naming(p.tokens)
	}
	if flaw != "" {
		o.fail(n, hint, "%s", flaw)
	}
	return p
}

// member is place for a step that works on a member of an object.
func (o *options) member(name string) place {
	p := o.place(name)
	if n := o.values[name]; n != nil && p.text != "" && (len(p.tokens) == 0 || p.tokens[len(p.tokens)-1] == every) {
		o.fail(n, "name the member", "%s works on a member of an object", o.verb.Value)
		p.tokens = nil
	}
	if len(p.tokens) == 0 {
		return place{word: p.word, tokens: []string{""}}
	}
	return p
}

// places reads a list of members.
func (o *options) places(name string) []place {
	n := o.values[name]
	if n == nil || n.Kind != yaml.SequenceNode || len(n.Content) < 2 {
		o.fail(n, "such as [first_name, last_name]", "%s needs %q, a list of at least two places", o.verb.Value, name)
		return nil
	}
	var list []place
	for _, item := range n.Content {
		p := o.placeAt(item, name)
		if len(p.tokens) == 0 {
			o.fail(item, "name the member", "%s works on members of an object", o.verb.Value)
			return nil
		}
		list = append(list, p)
	}
	return list
}

// literal reads a member as JSON text, "" if it is not there.
func (o *options) literal(name string) string {
	n := o.values[name]
	if n == nil {
		return ""
	}
	text, ok := o.json(n, 0)
	if !ok {
		o.fail(n, "", "%s must be a value that JSON can write, each member once", name)
		return "null"
	}
	return text
}

// json writes a node of YAML as JSON, members in their order.
func (r *reader) json(n *yaml.Node, depth int) (string, bool) {
	if depth > maxDepth {
		return "", false
	}
	switch n.Kind {
	case yaml.ScalarNode:
		return scalar(n)
	case yaml.SequenceNode, yaml.MappingNode:
		var b strings.Builder
		open, end, step := "[", "]", 1
		if n.Kind == yaml.MappingNode {
			open, end, step = "{", "}", 2
		}
		b.WriteString(open)
		seen := make(map[string]bool)
		for i := 0; i+step-1 < len(n.Content); i += step {
			if i > 0 {
				b.WriteByte(',')
			}
			if step == 2 {
				if key := n.Content[i]; key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" || seen[key.Value] {
					return "", false
				}
				seen[n.Content[i].Value] = true
				b.WriteString(string(appendString(nil, n.Content[i].Value)) + ":")
			}
			text, ok := r.json(n.Content[i+step-1], depth+1)
			if !ok {
				return "", false
			}
			b.WriteString(text)
		}
		return b.String() + end, true
	}
	return "", false
}

// scalar writes a scalar of YAML as JSON.
func scalar(n *yaml.Node) (string, bool) {
	switch n.ShortTag() {
	case "!!null":
		return "null", true
	case "!!bool":
		var v bool
		err := n.Decode(&v)
		return fmt.Sprint(v), err == nil
	case "!!int", "!!float":
		if numberLength(n.Value) == len(n.Value) {
			return n.Value, true
		}
		var v any
		if n.Decode(&v) != nil {
			return "", false
		}
		text, err := json.Marshal(v)
		return string(text), err == nil
	}
	return string(appendString(nil, n.Value)), true
}

// factor reads a number that is not 0.
func (o *options) factor(name string) *big.Rat {
	n := o.values[name]
	if n == nil {
		return nil
	}
	if n.Kind == yaml.ScalarNode && len(n.Value) <= 32 && !strings.ContainsAny(n.Value, "eE") { // an exponent may stand for any size
		if r, ok := new(big.Rat).SetString(n.Value); ok && r.Sign() != 0 {
			return r
		}
	}
	o.fail(n, "such as 100 or 0.01", "%s must be a number other than 0", name)
	return nil
}

// digits reads a number of digits, -1 for none.
func (o *options) digits(name string) int {
	n := o.values[name]
	if n == nil {
		return -1
	}
	var v int
	if n.Kind != yaml.ScalarNode || n.Decode(&v) != nil || v < 0 || v > 18 {
		o.fail(n, "from 0 to 18", "%s is a number of digits behind the point", name)
	}
	return v
}
