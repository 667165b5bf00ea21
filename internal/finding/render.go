package finding

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
)

// Colours of the terminal (ECMA-48), used only when asked for.
const (
	bold  = "\x1b[1m"
	red   = "\x1b[31m"
	dim   = "\x1b[2m"
	plain = "\x1b[0m"
)

// Render renders the finding, with colours if asked to. No control character of the
// configuration reaches the output, so that a file cannot speak to the terminal.
func (e *Error) Render(colour bool) string {
	paint := func(style, s string) string {
		if !colour {
			return s
		}
		return style + s + plain
	}
	at, frame := e.At, e.lines()
	at.File, at.Column = short(at.File), frame.column
	var b strings.Builder
	if at.File != "" {
		b.WriteString(paint(bold, printable(at.String())) + ": ")
	}
	b.WriteString(paint(red, oneLine(e.Message)))
	for _, row := range frame.rows {
		b.WriteString("\n" + row.text(paint))
	}
	if e.Hint != "" {
		b.WriteString("\n" + paint(bold, hintMark) + oneLine(e.Hint))
	}
	if e.Page != "" {
		b.WriteString("\n" + paint(dim, pageMark+oneLine(e.Page)))
	}
	return b.String()
}

const (
	hintMark = "hint: "
	pageMark = "see: "
	ruler    = " │ "
)

// Render renders the findings with a blank line between them.
func (l List) Render(colour bool) string {
	parts := make([]string, len(l))
	for i, e := range l {
		parts[i] = e.Render(colour)
	}
	return strings.Join(parts, "\n\n")
}

// row is one line of a frame. The row with the carets has no number.
type row struct {
	mark   string // "  " or " >"
	number string // right-aligned
	code   string
	carets bool
}

func (r row) text(paint func(style, s string) string) string {
	code := r.code
	if r.carets {
		code = paint(red, code)
	}
	line := paint(dim, r.mark+r.number+ruler) + code
	return strings.TrimRight(line, " ")
}

// lines returns the frame of the finding, read from the file unless it came with
// the finding.
func (e *Error) lines() *frame {
	if e.frame != nil {
		return e.frame
	}
	return read(e.At, e.Word)
}

// short makes a path below the working directory relative to it.
func short(file string) string {
	if !filepath.IsAbs(file) {
		return file
	}
	dir, err := os.Getwd()
	if err != nil {
		return file
	}
	if rel, err := filepath.Rel(dir, file); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return file
}

// Short returns the place as it is shown: relative to the working directory.
func (p Position) Short() Position {
	p.File = short(p.File)
	return p
}

// oneLine makes text printable on one line.
func oneLine(s string) string {
	return printable(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), " "))
}

// printable replaces what a terminal might obey. Tabs become two spaces.
func printable(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.IndexFunc(s, unprintable) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unprintable(r) && r != '\t' {
			return '·'
		}
		return r
	}, strings.ReplaceAll(s, "\t", "  "))
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// number renders a line number, right-aligned to the width of the last one.
func number(n, last int) string {
	return fmt.Sprintf("%*s", len(strconv.Itoa(last))+1, strconv.Itoa(n))
}
