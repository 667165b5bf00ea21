package tail

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gateway/internal/recording"
	"gateway/internal/terminal"
)

// Widths in characters. Lines are longer where a path is.
const (
	pathWidth  = 32
	maxPath    = 80
	maxWord    = 60
	maxText    = 300
	maxBroken  = 5  // broken rules that are shown of a request
	maxLines   = 40 // lines that are shown of a body
	indent     = "             "
	bodyIndent = indent + "│ "
)

// interesting tells whether a request has more to say than its line.
func interesting(row *recording.Row) bool {
	switch row.Outcome {
	case recording.Refused, recording.Failed, recording.Reported:
		return true
	}
	return false
}

// render returns a request as lines, with nothing in them that a terminal would obey.
func render(e *recording.Entry, o Options) string {
	var b strings.Builder
	b.WriteString(head(&e.Row, o.Colour))
	b.WriteByte('\n')
	if interesting(&e.Row) {
		for _, line := range reasons(e) {
			b.WriteString(indent + line + "\n")
		}
	}
	if o.Bodies {
		writeBody(&b, "request", e.Request.Body, o.Colour)
		writeBody(&b, "response", e.Response.Body, o.Colour)
	}
	return b.String()
}

// head is the line of a request: time, status, method, path, milliseconds, reason,
// consumer, version, group of a canary; and the id where there is more to see on the console.
func head(row *recording.Row, colour bool) string {
	path := row.Path
	if row.Query != "" {
		path += "?" + row.Query
	}
	path = terminal.Cut(terminal.Line(path), maxPath)
	if n := pathWidth - len([]rune(path)); n > 0 {
		path += strings.Repeat(" ", n)
	}
	parts := []string{
		time.Time(row.At).Local().Format(time.TimeOnly),
		" ", terminal.Paint(colour, statusStyle(row.Status), statusOf(row)),
		" ", fmt.Sprintf("%-6s", terminal.Cut(terminal.Line(row.Method), maxWord)),
		" ", path, " ", terminal.Paint(colour, terminal.Dim, fmt.Sprintf("%9s", took(row))),
	}
	add := func(style terminal.Style, text string) {
		if text != "" {
			parts = append(parts, "  ", terminal.Paint(colour, style, terminal.Cut(terminal.Line(text), maxWord)))
		}
	}
	add(terminal.Bold, wordOf(row))
	add("", row.Consumer)
	add("", row.Version)
	add("", row.Group)
	if row.ReplayOf != "" {
		add(terminal.Dim, "replay")
	}
	if interesting(row) {
		add(terminal.Dim, row.ID)
	}
	return strings.TrimRight(strings.Join(parts, ""), " ")
}

func statusOf(row *recording.Row) string {
	if row.Status == 0 {
		return "---" // cut off before the answer began
	}
	return strconv.Itoa(row.Status)
}

func statusStyle(status int) terminal.Style {
	switch {
	case status >= 500 || status == 0:
		return terminal.Red
	case status >= 400:
		return terminal.Yellow
	case status >= 300:
		return terminal.Blue
	}
	return terminal.Green
}

// took is how long a request took, or a stream lived.
func took(row *recording.Row) string {
	milli := row.Total
	switch {
	case row.Outcome == recording.Open:
		return "open"
	case row.Stream != "":
		milli = max(milli, row.Life)
	}
	if milli >= 10_000 {
		return fmt.Sprintf("%.1fs", milli/1000)
	}
	return fmt.Sprintf("%.1fms", milli)
}

// wordOf is the reason, or what else there is to say of a request.
func wordOf(row *recording.Row) string {
	switch {
	case row.Outcome == recording.Reported:
		return "reported " + row.Reason
	case row.Reason != "":
		return row.Reason
	case row.Outcome == recording.Aborted:
		return recording.Aborted
	}
	return row.Stream
}

// caddyPrefix is what Caddy puts before errors: an id of its own, and a place in its code.
var caddyPrefix = regexp.MustCompile(`^\{id=\w+\} [\w./]+ \([\w.]+:\d+\): (?:HTTP \d+: )?`)

// reasons says why: the rules that were broken, or what the step has to say, and where
// the rule stands.
func reasons(e *recording.Entry) (lines []string) {
	width := 0
	shown := e.Violations[:min(len(e.Violations), maxBroken)]
	for _, v := range shown {
		width = max(width, len([]rune(terminal.Cut(terminal.Line(v.Place), maxWord))))
	}
	for _, v := range shown {
		lines = append(lines, fmt.Sprintf("%-*s  %s", width, terminal.Cut(terminal.Line(v.Place), maxWord), terminal.Cut(terminal.Line(v.Message), maxText)))
	}
	if more := e.More + len(e.Violations) - len(shown); more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	step := decisive(e)
	if step == nil {
		return lines
	}
	text := cmp.Or(caddyPrefix.ReplaceAllString(step.Cause, ""), step.Detail)
	if len(shown) > 0 {
		text = ""
	}
	if text = terminal.Cut(terminal.Line(text), maxText); step.Source != nil && step.Source.File != "" {
		text = strings.TrimSpace(fmt.Sprintf("%s  %s:%d", text, terminal.Line(step.Source.File), step.Source.Line))
	}
	if text != "" {
		lines = append(lines, text)
	}
	return lines
}

// decisive returns the step that stopped the request, or would have.
func decisive(e *recording.Entry) *recording.Step {
	for i := range e.Steps {
		if step := &e.Steps[i]; step.Reason != "" && step.Reason == e.Reason {
			return step
		}
	}
	at := slices.IndexFunc(e.Steps, func(s recording.Step) bool { return s.Reason != "" })
	if at < 0 {
		return nil
	}
	return &e.Steps[at]
}

// writeBody prints the beginning of a body.
func writeBody(b *strings.Builder, name string, body recording.Body, colour bool) {
	if body.Bytes == 0 && body.Text == "" {
		return
	}
	title := fmt.Sprintf("%s  %s  %d bytes", name, terminal.Cut(terminal.Line(body.MediaType), maxWord), body.Bytes)
	if body.Binary {
		title += ", binary"
	}
	b.WriteString(indent + terminal.Paint(colour, terminal.Dim, title) + "\n")
	count := 0
	for line := range strings.Lines(body.Text) {
		if count++; count > maxLines {
			b.WriteString(bodyIndent + "…\n")
			return
		}
		b.WriteString(bodyIndent + terminal.Cut(terminal.Printable(strings.TrimRight(line, "\r\n")), maxText) + "\n")
	}
	if body.Truncated {
		b.WriteString(bodyIndent + "…\n")
	}
}
