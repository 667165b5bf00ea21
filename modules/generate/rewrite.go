package generate

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"gateway/internal/finding"
	"gateway/internal/openapi"
)

// dates are the members of a contract that say when its version ends. A copy has a
// life of its own.
var dates = []string{"/x-deprecated", "/x-sunset", "/x-brownout"}

// rewriter changes places in the text of a contract, which keeps its comments and the
// order of its members.
type rewriter struct {
	file  string
	lines []string
	yaml  bool
}

// rewrite returns the text of a contract as that of another version.
func rewrite(contract *openapi.Traced, data []byte, from, to, release string) (string, error) {
	w := &rewriter{file: contract.File, lines: strings.Split(string(data), "\n"), yaml: filepath.Ext(contract.File) != ".json"}
	text := contract.Text(true)
	var drop []openapi.Line
	for i, l := range text.Lines {
		if l.At.File != contract.File || i > 0 && l.Pointer == text.Lines[i-1].Pointer {
			continue
		}
		switch {
		case l.Pointer == "/info/version":
			w.value(l.At, release)
		case isServerURL(l.Pointer), isPath(l.Pointer):
			w.segment(l.At, from, to)
		case slices.Contains(dates, l.Pointer), strings.HasSuffix(l.Pointer, "/x-allow-breaking"):
			drop = append(drop, l)
		}
	}
	for _, l := range slices.Backward(drop) {
		if !w.drop(l.At) && slices.Contains(dates, l.Pointer) {
			return "", &finding.Error{
				Message: "the newest contract says when it ends, in a form that cannot be left out of a copy", At: finding.Position(l.At), Word: l.Pointer[1:],
				Hint: "say it in the Caddyfile, in the versioning block, or in lines of its own in YAML",
			}
		}
	}
	return strings.Join(w.lines, "\n"), nil
}

func isServerURL(pointer string) bool {
	rest, ok := strings.CutPrefix(pointer, "/servers/")
	return ok && strings.HasSuffix(rest, "/url") && strings.Count(rest, "/") == 1
}

func isPath(pointer string) bool {
	rest, ok := strings.CutPrefix(pointer, "/paths/")
	return ok && !strings.Contains(rest, "/")
}

// value replaces the value behind a name on the same line.
func (w *rewriter) value(at openapi.Position, value string) {
	line := w.lines[at.Line-1]
	start := at.Column - 1
	colon := strings.IndexByte(line[start:], ':')
	if colon < 0 {
		return
	}
	rest := line[start+colon+1:]
	trimmed := strings.TrimLeft(rest, " \t")
	lead := rest[:len(rest)-len(trimmed)]
	end := len(trimmed)
	switch {
	case trimmed == "" || strings.ContainsRune("|>&*!", rune(trimmed[0])):
		return
	case trimmed[0] == '"' || trimmed[0] == '\'':
		if i := strings.IndexByte(trimmed[1:], trimmed[0]); i >= 0 {
			end = i + 2
		}
	default:
		if i := strings.IndexAny(trimmed, ",}#"); i >= 0 {
			end = len(strings.TrimRight(trimmed[:i], " "))
		}
	}
	w.lines[at.Line-1] = line[:start+colon+1] + lead + fmt.Sprintf("%q", value) + trimmed[end:]
}

// segment replaces a version that is a segment of the path on a line.
func (w *rewriter) segment(at openapi.Position, from, to string) {
	line := w.lines[at.Line-1]
	for i := at.Column - 1; i < len(line); i++ {
		j := strings.Index(line[i:], "/"+from)
		if j < 0 {
			return
		}
		end := i + j + len(from) + 1
		if end == len(line) || strings.IndexByte(`/"' :,}]#`, line[end]) >= 0 {
			w.lines[at.Line-1] = line[:i+j+1] + to + line[end:]
			return
		}
		i = end
	}
}

// drop removes a member that has lines of its own, and tells whether it has.
func (w *rewriter) drop(at openapi.Position) bool {
	first := at.Line - 1
	if !w.yaml || strings.TrimLeft(w.lines[first][:at.Column-1], " ") != "" {
		return false
	}
	last := first + 1
	for last < len(w.lines) && (strings.TrimSpace(w.lines[last]) == "" || indent(w.lines[last]) >= at.Column || belongs(w.lines[last], at.Column)) {
		last++
	}
	for last > first+1 && strings.TrimSpace(w.lines[last-1]) == "" {
		last--
	}
	w.lines = slices.Delete(w.lines, first, last)
	return true
}

// indent is the column of the first character of a line, from 0.
func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// belongs tells whether a line is an item of a list that stands as far left as the
// name of its member, which YAML allows.
func belongs(line string, column int) bool {
	return indent(line) == column-1 && (strings.HasPrefix(line[column-1:], "- ") || strings.TrimSpace(line) == "-")
}
