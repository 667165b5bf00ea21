package finding

import (
	"encoding/json"
	"regexp"
	"strings"
)

// headPattern matches the beginning of a rendered finding within a line, after what
// Caddy put before it: "file:line:column: " or "file:line: ".
var headPattern = regexp.MustCompile(`(?:^|: )([^:]*[^:\s]:[1-9]\d*(?::[1-9]\d*)?): (.+)$`)

// rowPattern matches a line of a frame.
var rowPattern = regexp.MustCompile(`^(  | >)( *\d* *)│(?: (.*))?$`)

// tailPattern matches what Caddy's Caddyfile parser puts after an error of ours.
var tailPattern = regexp.MustCompile(`, at [^\n]+:\d+(?: import chain \[[^\n]*\])?$`)

// Extract returns the findings whose rendering text contains, wrapped by %v or as
// the "error" member of the admin API's JSON answer. A place alone is no finding: it
// takes a column, a frame or a hint.
func Extract(text string) List {
	if answer := decodeAnswer(text); answer != "" {
		return extract(answer)
	}
	return extract(text)
}

// decodeAnswer returns the error of the admin API that text ends with, or "".
func decodeAnswer(text string) string {
	i := strings.Index(text, `{"error":`)
	if i < 0 {
		return ""
	}
	var answer struct {
		Error string `json:"error"`
	}
	if json.NewDecoder(strings.NewReader(text[i:])).Decode(&answer) != nil {
		return ""
	}
	return answer.Error
}

func extract(text string) List {
	var found List
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); {
		e, used := parse(lines[i:])
		if e != nil {
			found = append(found, e)
		}
		i += used
	}
	return found
}

// parse reads one finding at the beginning of lines and returns how many lines it
// took; the finding is nil if there is none.
func parse(lines []string) (*Error, int) {
	head := headPattern.FindStringSubmatch(lines[0])
	if head == nil {
		return nil, 1
	}
	e := &Error{At: ParseSource(head[1]), Message: head[2]}
	e.frame = &frame{column: e.At.Column}
	used := 1
	for ; used < len(lines); used++ {
		match := rowPattern.FindStringSubmatch(lines[used])
		if match == nil {
			break
		}
		e.frame.rows = append(e.frame.rows, row{
			mark: match[1], number: strings.TrimSuffix(match[2], " "), code: match[3],
			carets: strings.TrimSpace(match[2]) == "",
		})
	}
	if used < len(lines) && strings.HasPrefix(lines[used], hintMark) {
		e.Hint = strings.TrimPrefix(lines[used], hintMark)
		used++
	}
	if used < len(lines) && strings.HasPrefix(lines[used], pageMark) {
		e.Page = strings.TrimPrefix(lines[used], pageMark)
		used++
	}
	if used == 1 && e.At.Column == 0 {
		return nil, 1
	}
	e.trimTail()
	return e, used
}

// trimTail removes Caddy's position from the last line of the finding.
func (e *Error) trimTail() {
	last := &e.Message
	switch rows := e.frame.rows; {
	case e.Page != "":
		last = &e.Page
	case e.Hint != "":
		last = &e.Hint
	case len(rows) > 0:
		last = &rows[len(rows)-1].code
	}
	*last = tailPattern.ReplaceAllString(*last, "")
}
