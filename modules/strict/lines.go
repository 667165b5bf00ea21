package strict

import (
	"strings"
	"unicode"
)

// line is a logical line: a directive with its arguments, an opening or a closing.
type line struct {
	tokens []token
	indent string
}

// lines groups tokens by line.
func lines(text string, tokens []token) []line {
	var list []line
	for _, t := range tokens {
		if t.first || len(list) == 0 {
			start := strings.LastIndexByte(text[:t.at], '\n') + 1
			indent := strings.TrimPrefix(text[start:t.at], "\uFEFF")
			list = append(list, line{indent: strings.TrimRightFunc(indent, notSpace)})
		}
		last := &list[len(list)-1]
		last.tokens = append(last.tokens, t)
	}
	return list
}

func notSpace(r rune) bool { return !unicode.IsSpace(r) }

// brace tells whether the line is nothing but braces, so that it swallows nothing.
func (l line) brace() bool {
	for _, t := range l.tokens {
		if !t.opens() && !t.closes() {
			return false
		}
	}
	return true
}

// opens tells whether the line opens a block.
func (l line) opens() bool { return l.tokens[len(l.tokens)-1].opens() }

// words returns the line's tokens without braces.
func (l line) words() []string {
	var words []string
	for _, t := range l.tokens {
		if !t.opens() && !t.closes() {
			words = append(words, t.text)
		}
	}
	return words
}

// deeper tells whether indentation a lies within b. Where tabs and spaces are mixed
// so that neither begins with the other, nothing can be said.
func deeper(a, b string) bool { return len(a) > len(b) && strings.HasPrefix(a, b) }

// block is a block as the parser sees it.
type block struct {
	lines []line
	open  int // the line that opens it
	end   int // the line that closes it, len(lines) if none does
	// parent is the block around it, nil at the top.
	parent *block
	// inside are the lines directly in the block, not those of blocks in it.
	inside []int
}

func (b *block) indent() string { return b.lines[b.open].indent }

// indented tells whether the file shows by indentation what is in the block: its own
// lines do, or those of the block around it.
func (b *block) indented() bool {
	for _, i := range b.inside {
		if deeper(b.lines[i].indent, b.indent()) {
			return true
		}
	}
	return b.parent != nil && deeper(b.indent(), b.parent.indent())
}

// blocks nests lines as the parser does, by braces alone. It returns the blocks in
// the order of their opening, and whether each brace has its partner.
func blocks(list []line) (all []*block, balanced bool) {
	var current *block
	balanced = true
	for i, l := range list {
		if current != nil && !l.tokens[0].closes() {
			current.inside = append(current.inside, i)
		}
		for _, t := range l.tokens {
			switch {
			case t.opens():
				current = &block{lines: list, open: i, end: len(list), parent: current}
				all = append(all, current)
			case t.closes() && current == nil:
				balanced = false
			case t.closes():
				current.end = i
				current = current.parent
			}
		}
	}
	return all, balanced && current == nil
}
