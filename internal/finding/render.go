package finding

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gateway/internal/terminal"
)

// Render renders the finding, with colours if asked to. No control character of the
// configuration reaches the output, so that a file cannot speak to the terminal.
func (e *Error) Render(colour bool) string {
	paint := func(style terminal.Style, s string) string { return terminal.Paint(colour, style, s) }
	at, frame := e.At, e.lines()
	at.File, at.Column = short(at.File), frame.column
	var b strings.Builder
	if at.File != "" {
		b.WriteString(paint(terminal.Bold, terminal.Printable(at.String())) + ": ")
	}
	b.WriteString(paint(terminal.Red, terminal.Line(e.Message)))
	for _, row := range frame.rows {
		b.WriteString("\n" + row.text(paint))
	}
	if e.Hint != "" {
		b.WriteString("\n" + paint(terminal.Bold, hintMark) + terminal.Line(e.Hint))
	}
	if e.Page != "" {
		b.WriteString("\n" + paint(terminal.Dim, pageMark+terminal.Line(e.Page)))
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

func (r row) text(paint func(style terminal.Style, s string) string) string {
	code := r.code
	if r.carets {
		code = paint(terminal.Red, code)
	}
	line := paint(terminal.Dim, r.mark+r.number+ruler) + code
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

// number renders a line number, right-aligned to the width of the last one.
func number(n, last int) string {
	return fmt.Sprintf("%*s", len(strconv.Itoa(last))+1, strconv.Itoa(n))
}
