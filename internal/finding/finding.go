// Package finding is how the gateway reports what is wrong with a configuration:
// one sentence, the place, the lines around it, and what to do.
//
//	Caddyfile:9:3: "ratelimt" is not a directive
//	   8 │   auth https://idp.example
//	 > 9 │   ratelimt 10/1s
//	     │   ^^^^^^^^
//	hint: did you mean ratelimit?
//
// In UnmarshalCaddyfile the dispenser knows the place:
//
//	default:
//		return finding.At(d, finding.Suggest(d.Val(), options...), "%q is not an option of auth", d.Val())
//
// Do not put the result through d.WrapErr or d.Errf: it carries its place already. In
// Provision and Validate the place is what UnmarshalCaddyfile kept of it:
//
//	return &finding.Error{
//		Message: fmt.Sprintf("the key file cannot be read: %v", err),
//		At:      finding.ParseSource(h.Source),
//		Word:    h.KeyFile, // underlined on that line; its column is looked up there
//		Hint:    "paths are relative to the Caddyfile",
//	}
//
// Positions of other packages with the same fields convert: finding.Position(p).
// Several findings are one error as a List: return list.Err().
//
// Caddy flattens errors into text on their way to the user, through %v and through
// the JSON of its admin API. Extract gets the findings back out of such a text.
//
// The lines around a finding are read from the file when it is rendered. Arguments
// that look like keys or passwords are masked; messages and hints are printed as
// they are, so secrets do not belong there.
package finding

import (
	"fmt"
	"strconv"
	"strings"
)

// Position is a place in a file. Line and Column count from 1, columns in
// characters; 0 is unknown.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// String returns "file:line:column", as far as it is known.
func (p Position) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		b.WriteString(":" + strconv.Itoa(p.Line))
		if p.Column > 0 {
			b.WriteString(":" + strconv.Itoa(p.Column))
		}
	}
	return b.String()
}

// ParseSource reads "file:line" or "file:line:column". What has no number at its
// end is a file.
func ParseSource(source string) Position {
	rest, last := cutNumber(source)
	if last == 0 {
		return Position{File: source}
	}
	if file, line := cutNumber(rest); line > 0 {
		return Position{File: file, Line: line, Column: last}
	}
	return Position{File: rest, Line: last}
}

// cutNumber cuts a positive number with a colon before it off the end of s.
func cutNumber(s string) (before string, number int) {
	i := strings.LastIndexByte(s, ':')
	if i <= 0 {
		return s, 0
	}
	n, err := strconv.Atoi(s[i+1:])
	if err != nil || n <= 0 || s[i+1] == '+' {
		return s, 0
	}
	return s[:i], n
}

// Error is one finding.
type Error struct {
	// Message says what is wrong and why that matters, in one line without a full stop.
	Message string
	// At is the place. Only the file has to be known.
	At Position
	// Word is the word on that line that the message is about. It is underlined,
	// and gives the column if At does not.
	Word string
	// Hint says what to do, in one line. Optional.
	Hint string
	// Page is the path or URL of a page that says more. Optional.
	Page string

	// frame holds the lines around the place if they were rendered elsewhere.
	frame *frame
}

// Token is the current token of a Caddyfile; *caddyfile.Dispenser is one.
type Token interface {
	File() string
	Line() int
	Val() string
}

// At returns a finding about the current token. hint may be empty.
func At(token Token, hint, format string, args ...any) *Error {
	return &Error{
		Message: fmt.Sprintf(format, args...),
		At:      Position{File: token.File(), Line: token.Line()},
		Word:    token.Val(),
		Hint:    hint,
	}
}

// Error renders the finding as plain text, in several lines.
func (e *Error) Error() string { return e.Render(false) }

// Where returns the place, with the column of Word where At has none.
func (e *Error) Where() Position {
	at := e.At
	at.Column = e.lines().column
	return at
}

// List is several findings, in the order in which they should be read.
type List []*Error

// Error renders the findings with a blank line between them.
func (l List) Error() string { return l.Render(false) }

// Unwrap lets errors.As find each of them.
func (l List) Unwrap() []error {
	errs := make([]error, len(l))
	for i, e := range l {
		errs[i] = e
	}
	return errs
}

// Err returns the list as an error: nil if it is empty, and the finding itself if
// there is only one.
func (l List) Err() error {
	switch len(l) {
	case 0:
		return nil
	case 1:
		return l[0]
	default:
		return l
	}
}
