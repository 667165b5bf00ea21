package change

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"gateway/internal/finding"
	"gateway/internal/openapi"
)

// Bounds of one file.
const (
	maxFile        = 1 << 20
	maxDescription = 400 // characters
	maxSteps       = 200
)

// reader reads one file and collects what is wrong with it.
type reader struct {
	file  string
	found finding.List
}

// parseFile reads a change file. Every flaw is a finding.
func parseFile(file string, data []byte) (*Change, error) {
	r := &reader{file: file}
	if len(data) > maxFile {
		return nil, &finding.Error{Message: fmt.Sprintf("a change file has at most %d bytes", maxFile), At: finding.Position{File: file}}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, more yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, &finding.Error{Message: "the file is empty", At: finding.Position{File: file}, Hint: "gateway new change writes one to begin with"}
	case err != nil:
		return nil, r.syntax(err)
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, &finding.Error{Message: "a change file holds one document: one change", At: finding.Position{File: file, Line: more.Line}}
	}
	c := &Change{File: file, Lossless: true, cover: make(map[string]bool)}
	r.change(c, document.Content[0])
	for _, e := range r.found {
		_ = e.In(data)
	}
	return c, r.found.Err()
}

// yamlLine is how the library writes the line into its messages.
var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

func (r *reader) syntax(err error) error {
	text, at := err.Error(), finding.Position{File: r.file}
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		at.Line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
	}
	return &finding.Error{Message: "the file is not YAML: " + text, At: at}
}

func (r *reader) at(n *yaml.Node) finding.Position {
	return finding.Position{File: r.file, Line: n.Line, Column: n.Column}
}

func (r *reader) word(n *yaml.Node) word { return word{n.Value, r.at(n)} }

func (r *reader) add(n *yaml.Node, hint, format string, args ...any) {
	r.found = append(r.found, &finding.Error{Message: fmt.Sprintf(format, args...), At: r.at(n), Word: n.Value, Hint: hint})
}

// members calls visit for the members of a mapping; known are the names it may have.
func (r *reader) members(n *yaml.Node, what string, known []string, visit func(key, value *yaml.Node)) bool {
	if n.Kind != yaml.MappingNode {
		r.add(n, "", "%s is a mapping of names and values", what)
		return false
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" || value.Kind == yaml.AliasNode:
			r.add(key, "write it out", "change files have no aliases and merge keys")
		case seen[key.Value]:
			r.add(key, "remove one of the two", "%q is given twice", key.Value)
		case known != nil && !contains(known, key.Value):
			r.add(key, finding.Suggest(key.Value, known...), "%q is not a member of %s", key.Value, what)
		default:
			seen[key.Value] = true
			visit(key, value)
		}
	}
	return true
}

func contains(list []string, s string) bool {
	for _, one := range list {
		if one == s {
			return true
		}
	}
	return false
}

// text reads a string. "" has been reported.
func (r *reader) text(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" || strings.TrimSpace(n.Value) == "" {
		r.add(n, "", "%s must be a text", what)
		return ""
	}
	return n.Value
}

// words reads a text or a list of texts.
func (r *reader) words(n *yaml.Node, what string) []word {
	list := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		list = n.Content
	}
	var words []word
	for _, item := range list {
		if r.text(item, what) != "" {
			words = append(words, r.word(item))
		}
	}
	return words
}

func (r *reader) truth(n *yaml.Node, what string) bool {
	var v bool
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" || n.Decode(&v) != nil {
		r.add(n, "true or false", "%s must be true or false", what)
	}
	return v
}

var changeMembers = []string{
	"description", "lossless", "loses", "schema", "steps", "operation", "request", "response", "parameters", "headers", "statuses", "becomes", "stays",
}

// change reads the file as a whole.
func (r *reader) change(c *Change, n *yaml.Node) {
	at := make(map[string]*yaml.Node)
	if !r.members(n, "a change", changeMembers, func(key, value *yaml.Node) {
		at[key.Value] = key
		r.member(c, key.Value, value)
	}) {
		return
	}
	switch d := at["description"]; {
	case d == nil:
		r.add(n, `description: The quantity of an item is called quantity.`, "the change has no description; it becomes the changelog")
	default:
		c.Source = openapi.Position(r.at(d))
	}
	if len(r.found) > 0 {
		return
	}
	r.targets(c, n, at)
	switch lossless, loses := at["lossless"], at["loses"]; {
	case !c.Lossless && loses == nil:
		r.add(lossless, "loses: what an old client does not get back", "the change is not lossless, but nothing says what is lost")
	case loses != nil && c.Lossless:
		r.add(loses, "add lossless: false", "the change loses something, so it is not lossless")
	}
}

// targets checks that steps and what they apply to belong together.
func (r *reader) targets(c *Change, n *yaml.Node, at map[string]*yaml.Node) {
	switch {
	case at["schema"] == nil && at["operation"] == nil:
		r.add(n, "schema: <name> with steps, or operation: <id> with request, response, parameters, headers, statuses, becomes or stays", "the change applies to nothing")
	case at["schema"] != nil && at["steps"] == nil:
		r.add(at["schema"], "add steps", "schema has no steps")
	case at["schema"] == nil && at["steps"] != nil:
		r.add(at["steps"], "steps are those of a schema; those of an operation stand under request, response, parameters or headers", "steps belong to no schema")
	}
	own := false
	for _, part := range []string{"request", "response", "parameters", "headers", "statuses", "becomes", "stays"} {
		if part != "stays" && at[part] != nil && c.stays {
			r.add(at[part], "remove stays, or "+part, "an operation that stays as it is changes in nothing")
		}
		own = own || at[part] != nil
		if at[part] != nil && at["operation"] == nil {
			r.add(at[part], "add operation: <id>", "%s belongs to no operation", part)
		}
	}
	if at["operation"] != nil && !own {
		r.add(at["operation"], "add request, response, parameters, headers, statuses, becomes or stays", "nothing of the operation changes")
	}
	if c.becomes != nil && len(c.operations) > 1 {
		r.add(at["becomes"], "write a file for each operation", "several operations cannot become one")
	}
}

// member reads one member of the file.
func (r *reader) member(c *Change, name string, n *yaml.Node) {
	switch name {
	case "description":
		c.Description = strings.Join(strings.Fields(r.text(n, name)), " ")
		if utf8.RuneCountInString(c.Description) > maxDescription {
			r.add(n, "one sentence for people", "the description has more than %d characters", maxDescription)
		}
	case "lossless":
		c.Lossless = r.truth(n, name)
	case "loses":
		c.Loses = strings.Join(strings.Fields(r.text(n, name)), " ")
	case "schema":
		c.schemas = r.words(n, name)
	case "operation":
		c.operations = r.words(n, name)
	case "becomes":
		if r.text(n, name) != "" {
			w := r.word(n)
			c.becomes = &w
		}
	case "stays":
		if c.stays = r.truth(n, name); !c.stays {
			r.add(n, "remove it", "stays is true, or is not there")
		}
	case "steps":
		c.steps = r.steps(n, nil)
	case "request":
		c.request = r.steps(n, nil)
	case "parameters":
		c.parameters = r.steps(n, parameterNames)
	case "headers":
		c.headers = r.steps(n, headerNames)
	case "response":
		r.responses(c, n)
	case "statuses":
		r.statuses(c, n)
	}
}

// anySuccess is the status under which steps stand that name none.
const anySuccess = "2XX"

// responses reads steps, or steps by status.
func (r *reader) responses(c *Change, n *yaml.Node) {
	c.response = make(map[string][]step)
	if n.Kind == yaml.SequenceNode {
		c.response[anySuccess] = r.steps(n, nil)
		return
	}
	r.members(n, "response", nil, func(key, value *yaml.Node) {
		if !statusName.MatchString(key.Value) {
			r.add(key, "a status such as 200, a range such as 4XX, or default", "%q is not a status", key.Value)
			return
		}
		c.response[key.Value] = r.steps(value, nil)
	})
}

var statusName = regexp.MustCompile(`^([1-5]([0-9][0-9]|XX)|default)$`)

// statuses reads which status became which.
func (r *reader) statuses(c *Change, n *yaml.Node) {
	code := func(n *yaml.Node) int {
		code, err := strconv.Atoi(n.Value)
		if n.Kind != yaml.ScalarNode || err != nil || code < 200 || code > 599 {
			r.add(n, "from 200 to 599", "%q is not a status", n.Value)
		}
		return code
	}
	r.members(n, "statuses", nil, func(key, value *yaml.Node) {
		s := status{code(key), code(value), r.at(key)}
		for _, other := range c.statuses {
			if other.to == s.to {
				r.add(value, "which of both an old client gets cannot be told", "two statuses become %d", s.to)
			}
		}
		if s.from/100 != s.to/100 || bodiless(s.from) != bodiless(s.to) {
			r.add(value, "a status of the same class, and with content if the other has", "%d cannot become %d: they do not mean the same to clients", s.from, s.to)
		}
		c.statuses = append(c.statuses, s)
	})
}

// bodiless tells statuses whose responses have no content (RFC 9110 §6.4.1).
func bodiless(code int) bool { return code == 204 || code == 205 || code == 304 }
