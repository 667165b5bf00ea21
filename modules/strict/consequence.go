package strict

import (
	"fmt"
	"slices"
	"strings"
)

// swallowed describes what a block takes in by mistake: the lines from the given one
// to its end. It is "" if there are none.
func (b *block) swallowed(s *source, from int) string {
	count, indent := 0, ""
	var names []string
	for _, l := range b.lines[min(from, b.end):b.end] {
		if l.brace() {
			continue
		}
		if count++; count == 1 {
			indent = l.indent
		}
		if name := l.tokens[0].text; !deeper(l.indent, indent) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if count == 0 {
		return ""
	}
	subject := fmt.Sprintf("the %d lines", count)
	if count == 1 {
		subject = "the line"
	}
	return fmt.Sprintf("%s from line %d, including %s, would %s",
		subject, s.line(b.lines[from].tokens[0]), join(names), b.effect())
}

// join lists up to three names.
func join(names []string) string {
	const shown = 3
	if len(names) > shown {
		names = append(slices.Clip(names[:shown-1]), "others")
	}
	if len(names) == 1 {
		return names[0]
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// effect says what becomes of lines that end up in the block.
func (b *block) effect() string {
	words := b.lines[b.open].words()
	if len(words) == 0 {
		return "become global options"
	}
	if len(words) > 1 && strings.ContainsAny(words[1][:min(1, len(words[1]))], "/@*") {
		return "apply to " + words[1] + " only"
	}
	return "become part of " + b.name()
}

// name names the block by the line that opens it.
func (b *block) name() string {
	const longest = 40
	name := strings.Join(b.lines[b.open].words(), " ")
	if name == "" {
		return "the global options"
	}
	if runes := []rune(name); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return name
}
