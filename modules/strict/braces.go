package strict

import (
	"fmt"

	"gateway/internal/finding"
)

// checkBlocks reports blocks that are not closed, braces that close nothing, and
// blocks that take in lines which are not indented as part of them.
//
// Caddy itself accepts a file that ends within a block. Whatever follows the missing
// brace then belongs to the block above it: an auth directive that was meant for the
// whole site guards one public path, and the rest answers with an empty 200.
func checkBlocks(s *source, list []line) finding.List {
	all, balanced := blocks(list)
	if balanced {
		return checkIndentation(s, all)
	}
	r := reconciler{source: s, lines: list, all: all}
	return r.run()
}

// checkIndentation looks for braces that are all paired, but not with the partners
// that the indentation shows.
func checkIndentation(s *source, all []*block) finding.List {
	var found finding.List
	for _, b := range all {
		for _, i := range b.inside {
			if deeper(b.lines[i].indent, b.indent()) || !comparable(b.lines[i].indent, b.indent()) || !b.indented() {
				continue
			}
			first := s.line(b.lines[i].tokens[0])
			found = append(found, s.finding(b.brace(),
				"this block takes in lines that are not indented as part of it: "+b.swallowed(s, i),
				fmt.Sprintf(`close it with "}" before line %d; if the lines do belong to it, run gateway fmt --overwrite`, first)))
			break
		}
	}
	return found
}

// comparable tells whether one indentation begins with the other.
func comparable(a, b string) bool { return a == b || deeper(a, b) || deeper(b, a) }

// brace returns the brace that opens the block.
func (b *block) brace() token {
	tokens := b.lines[b.open].tokens
	for _, t := range tokens {
		if t.opens() {
			return t
		}
	}
	return tokens[0]
}

// reconciler finds out, with the help of the indentation, which brace of an
// unbalanced file is missing and which is one too many.
type reconciler struct {
	source *source
	lines  []line
	all    []*block // as the parser sees them
	stack  []*block // those that are open by indentation
	// unopened is the last line that is followed by deeper lines without opening a
	// block, -1 if there is none.
	unopened int
	found    finding.List
}

func (r *reconciler) run() finding.List {
	r.unopened = -1
	next := 0 // the next block of r.all to be opened
	for i, l := range r.lines {
		if l.tokens[0].closes() {
			r.close(i)
		} else {
			r.content(i)
		}
		for n, t := range l.tokens {
			switch {
			case t.opens():
				r.stack = append(r.stack, r.all[next])
				next++
			case t.closes() && n > 0:
				r.pop()
			}
		}
	}
	for len(r.stack) > 0 {
		r.unclosed(len(r.lines))
	}
	return r.found
}

func (r *reconciler) top() *block {
	if len(r.stack) == 0 {
		return nil
	}
	return r.stack[len(r.stack)-1]
}

func (r *reconciler) pop() {
	if len(r.stack) > 0 {
		r.stack = r.stack[:len(r.stack)-1]
	}
}

// close handles a line that begins with a closing brace.
func (r *reconciler) close(i int) {
	indent := r.lines[i].indent
	for deeper(r.top().indentOr(indent), indent) && r.openAt(indent) {
		r.unclosed(i)
	}
	switch top := r.top(); {
	case r.unopened >= 0 && r.lines[r.unopened].indent == indent && (top == nil || deeper(indent, top.indent())):
		r.missingOpen()
	case top == nil:
		r.found = append(r.found, r.source.finding(r.lines[i].tokens[0],
			`this "}" closes nothing`, `remove it, or look above for a line that should end in " {"`))
	case deeper(indent, top.indent()):
		r.found = append(r.found, r.source.finding(r.lines[i].tokens[0],
			fmt.Sprintf(`this "}" is one too many: it closes %s, opened on line %d`, top.name(), r.source.line(top.brace())),
			"remove it"))
	default:
		r.pop()
	}
}

// indentOr returns the indentation of a block, or the given one for no block.
func (b *block) indentOr(indent string) string {
	if b == nil {
		return indent
	}
	return b.indent()
}

// openAt tells whether a block with that indentation is open.
func (r *reconciler) openAt(indent string) bool {
	for _, b := range r.stack {
		if b.indent() == indent {
			return true
		}
	}
	return false
}

// content handles any other line: it closes, by indentation, the blocks that it is
// not indented as part of.
func (r *reconciler) content(i int) {
	indent := r.lines[i].indent
	for top := r.top(); top != nil && top.indented() && comparable(indent, top.indent()) && !deeper(indent, top.indent()); top = r.top() {
		r.unclosed(i)
	}
	if i > 0 && !r.lines[i-1].opens() && !r.lines[i-1].brace() && deeper(indent, r.lines[i-1].indent) {
		r.unopened = i - 1
	}
}

// unclosed reports the innermost open block and takes it for closed before line i.
func (r *reconciler) unclosed(i int) {
	b := r.top()
	r.pop()
	message := "the block opened here is never closed"
	hint := `add "}" at the end of the file`
	if i < len(r.lines) {
		hint = fmt.Sprintf(`add "}" before line %d`, r.source.line(r.lines[i].tokens[0]))
		if swallowed := b.swallowed(r.source, i); swallowed != "" {
			message += ": " + swallowed
		}
	}
	r.found = append(r.found, r.source.finding(b.brace(), message, hint))
}

// missingOpen reports the line that is followed by the lines of a block and its
// closing brace, but opens none.
func (r *reconciler) missingOpen() {
	l := r.lines[r.unopened]
	r.found = append(r.found, r.source.finding(l.tokens[len(l.tokens)-1],
		"this line opens no block, but the lines below are indented and closed as one",
		`end the line with " {"`))
	r.unopened = -1
}
