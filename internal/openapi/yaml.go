package openapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"gateway/internal/finding"
)

// yamlReader builds the tree of a YAML document. Only what JSON can say is allowed
// in it: aliases and merge keys are copied in place, within a bound.
type yamlReader struct {
	file   *file
	report *report
	nodes  int
	// copies counts the nodes below aliases, in which the reader is inAlias deep.
	copies, inAlias int
}

// readYAML returns the root of a YAML document, or nil after reporting what is
// wrong with it.
func readYAML(f *file, data []byte, to *report) *node {
	r := &yamlReader{file: f, report: to}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, more yaml.Node
	if err := decoder.Decode(&document); err != nil {
		r.fail(err)
		return nil
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		at := finding.Position{File: f.shown, Line: max(more.Line, document.Line)}
		to.add(finding.Error{Message: "the file holds more than one YAML document", At: at})
		return nil
	}
	root, err := r.value(document.Content[0], 0)
	if err != nil {
		r.fail(err)
		return nil
	}
	return root
}

// yamlLine is how the library writes the line into its messages.
var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:unmarshal errors:\s*)?line (\d+): `)

// fail reports an error of the library, whose text names the line.
func (r *yamlReader) fail(err error) {
	if errors.Is(err, io.EOF) {
		r.report.add(finding.Error{Message: "the file is empty", At: finding.Position{File: r.file.shown}})
		return
	}
	text, at := err.Error(), finding.Position{File: r.file.shown}
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		at.Line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
	}
	r.report.add(finding.Error{Message: "the document is not YAML: " + strings.TrimPrefix(text, "yaml: "), At: at})
}

// value converts one node of the library.
func (r *yamlReader) value(y *yaml.Node, depth int) (*node, error) {
	if err := r.count(y, depth); err != nil {
		return nil, err
	}
	n := &node{file: r.file, line: int32(y.Line), column: int32(y.Column)}
	switch y.Kind {
	case yaml.AliasNode:
		r.inAlias++
		defer func() { r.inAlias-- }()
		return r.value(y.Alias, depth+1)
	case yaml.SequenceNode:
		n.kind = isList
		for _, item := range y.Content {
			v, err := r.value(item, depth+1)
			if err != nil {
				return nil, err
			}
			n.add(v)
		}
		return n, nil
	case yaml.MappingNode:
		n.kind = isObject
		if err := r.members(n, y, depth); err != nil {
			return nil, err
		}
		n.index()
		return n, nil
	default:
		return n, r.scalar(n, y)
	}
}

// count keeps the bounds of a document.
func (r *yamlReader) count(y *yaml.Node, depth int) error {
	r.nodes++
	if r.inAlias > 0 {
		r.copies++
	}
	switch {
	case r.nodes > maxNodes:
		return fmt.Errorf("line %d: it has more than %d values", y.Line, maxNodes)
	case r.copies > maxCopies:
		return fmt.Errorf("line %d: its aliases make more than %d copies", y.Line, maxCopies)
	case depth > maxDepth:
		return fmt.Errorf("line %d: it has more than %d levels", y.Line, maxDepth)
	}
	return nil
}

// members converts the members of a mapping. Its own members win over merged ones.
func (r *yamlReader) members(n *node, y *yaml.Node, depth int) error {
	seen := make(map[string]bool)
	var merged []*yaml.Node
	for i := 0; i+1 < len(y.Content); i += 2 {
		key, value := y.Content[i], y.Content[i+1]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if key.ShortTag() == "!!merge" {
			merged = append(merged, value)
			continue
		}
		if key.Kind != yaml.ScalarNode {
			return fmt.Errorf("line %d: a member name must be a plain word", key.Line)
		}
		member := name{text: key.Value, line: int32(key.Line), column: int32(key.Column)}
		if seen[member.text] {
			r.report.duplicate(r.file, member)
			continue
		}
		seen[member.text] = true
		if err := r.member(n, member, value, depth); err != nil {
			return err
		}
	}
	return r.merge(n, merged, depth)
}

func (r *yamlReader) member(n *node, member name, value *yaml.Node, depth int) error {
	v, err := r.value(value, depth+1)
	if err != nil {
		return err
	}
	v.key = member.text
	n.names = append(n.names, member)
	n.add(v)
	return nil
}

// merge copies the members of merge keys ("<<") that n does not have.
func (r *yamlReader) merge(n *node, sources []*yaml.Node, depth int) error {
	for len(sources) > 0 {
		source := sources[0]
		sources = sources[1:]
		switch source.Kind {
		case yaml.SequenceNode:
			sources = append(append([]*yaml.Node{}, source.Content...), sources...)
			if err := r.count(source, depth); err != nil {
				return err
			}
		case yaml.MappingNode, yaml.AliasNode:
			v, err := r.value(source, depth+1)
			if err != nil {
				return err
			}
			n.take(v)
		default:
			return fmt.Errorf("line %d: a merge key needs a mapping", source.Line)
		}
	}
	return nil
}

// take moves the members of v that n does not have into n.
func (n *node) take(v *node) {
	for i, member := range v.names {
		if n.get(member.text) == nil {
			n.names = append(n.names, member)
			n.add(v.values[i])
		}
	}
}

// scalar converts a plain value by the rules of the YAML core schema.
func (r *yamlReader) scalar(n *node, y *yaml.Node) error {
	switch y.ShortTag() {
	case "!!null":
		n.kind = isNull
	case "!!bool":
		var b bool
		if err := y.Decode(&b); err != nil {
			return err
		}
		n.kind, n.text = isBoolean, strconv.FormatBool(b)
	case "!!int", "!!float":
		n.kind = isNumber
		return r.number(n, y)
	default: // strings, and dates, which JSON has none of
		n.kind, n.text = isString, y.Value
	}
	return nil
}

// jsonNumber is what JSON takes as a number; it is kept as written.
var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// number converts the many ways in which YAML writes one.
func (r *yamlReader) number(n *node, y *yaml.Node) error {
	if n.text = y.Value; jsonNumber.MatchString(n.text) {
		if !bounded(n.text) {
			return fmt.Errorf("line %d: the number %.20s is too large or too small", y.Line, y.Value)
		}
		return nil
	}
	var whole int64
	if y.ShortTag() == "!!int" && y.Decode(&whole) == nil {
		n.text = strconv.FormatInt(whole, 10)
		return nil
	}
	var number float64
	if err := y.Decode(&number); err != nil || math.IsInf(number, 0) || math.IsNaN(number) {
		return fmt.Errorf("line %d: %q is not a number that JSON can write", y.Line, y.Value)
	}
	n.text = strconv.FormatFloat(number, 'g', -1, 64)
	return nil
}
