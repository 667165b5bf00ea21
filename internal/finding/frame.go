package finding

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"gateway/internal/terminal"
)

const (
	before   = 2        // lines shown before the one that is meant
	maxFile  = 64 << 20 // bytes read of a file to get to a line
	maxLine  = 64 << 10 // bytes kept of a line
	maxWidth = 120      // characters shown of a line
)

// frame is the lines around a place, ready to print.
type frame struct {
	rows   []row
	column int // of the place, 0 if unknown
}

// read makes the frame of a place. It is empty when the file cannot be read any
// more; that is no error of its own.
func read(at Position, word string) *frame {
	return build(readFile(at.File, at.Line), at, word)
}

// In takes the lines around the finding from source, where the file itself is not
// at hand or may have changed.
func (e *Error) In(source []byte) *Error {
	e.frame = build(readLines(bytes.NewReader(source), e.At.Line), e.At, e.Word)
	return e
}

// Keep reads the lines around each finding now, so that they are still those that
// were judged when the findings are rendered later. It returns the list.
func (l List) Keep() List {
	for _, e := range l {
		e.frame = e.lines()
	}
	return l
}

// build makes the frame of the last of lines.
func build(lines []string, at Position, word string) *frame {
	f := &frame{column: at.Column}
	if len(lines) == 0 {
		return f
	}
	target := lines[len(lines)-1]
	start, width := find(target, at.Column, word)
	if f.column == 0 && start >= 0 {
		f.column = start + 1
	}
	first := at.Line - len(lines) + 1
	for i, line := range lines[:len(lines)-1] {
		shown, _, _ := show(line, -1, 0)
		f.rows = append(f.rows, row{mark: "  ", number: number(first+i, at.Line), code: shown})
	}
	shown, start, width := show(target, start, width)
	f.rows = append(f.rows, row{mark: " >", number: number(at.Line, at.Line), code: shown})
	if start >= 0 {
		gap := strings.Repeat(" ", len(number(at.Line, at.Line)))
		carets := strings.Repeat(" ", start) + strings.Repeat("^", max(width, 1))
		f.rows = append(f.rows, row{mark: "  ", number: gap, code: carets, carets: true})
	}
	return f
}

// readFile returns a line and those before it. Only regular files are opened:
// reading a pipe would wait for a writer.
func readFile(file string, line int) []string {
	info, err := os.Stat(file)
	if line < 1 || err != nil || !info.Mode().IsRegular() {
		return nil
	}
	source, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer source.Close()
	return readLines(io.LimitReader(source, maxFile), line)
}

func readLines(source io.Reader, line int) []string {
	reader := bufio.NewReader(source)
	var lines []string
	for n := 1; n <= line; n++ {
		text, ok := readLine(reader)
		if !ok {
			return nil
		}
		if n >= line-before {
			lines = append(lines, text)
		}
	}
	return lines
}

// readLine reads to the end of a line and keeps its first maxLine bytes.
func readLine(reader *bufio.Reader) (string, bool) {
	var kept []byte
	for {
		part, prefix, err := reader.ReadLine()
		if err != nil {
			return string(kept), kept != nil
		}
		if kept == nil {
			kept = make([]byte, 0, len(part))
		}
		if room := maxLine - len(kept); len(part) > room {
			part = part[:room]
		}
		kept = append(kept, part...)
		if !prefix {
			return strings.ToValidUTF8(string(kept), "\uFFFD"), true
		}
	}
}

// find returns where the underlined part of a line begins and how long it is, in
// characters; start is -1 if that is unknown.
func find(line string, column int, word string) (start, width int) {
	size := utf8.RuneCountInString(line)
	width = utf8.RuneCountInString(word)
	if column > 0 {
		start = column - 1
		if start > size {
			return -1, 0
		}
		return start, max(1, min(width, size-start))
	}
	at := findWord(line, word)
	if at < 0 {
		return -1, 0
	}
	return utf8.RuneCountInString(line[:at]), width
}

// findWord finds word in line as a whole word if it can, else anywhere.
func findWord(line, word string) int {
	if word == "" {
		return -1
	}
	for from := 0; ; {
		i := strings.Index(line[from:], word)
		if i < 0 {
			return strings.Index(line, word)
		}
		start := from + i
		end := start + len(word)
		left, _ := utf8.DecodeLastRuneInString(line[:start])
		right, _ := utf8.DecodeRuneInString(line[end:])
		if (start == 0 || !partOfWord(left)) && (end == len(line) || !partOfWord(right)) {
			return start
		}
		from = start + 1
		for from < len(line) && !utf8.RuneStart(line[from]) {
			from++
		}
	}
}

func partOfWord(r rune) bool {
	return r == '_' || r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// show makes a line fit for the terminal: secrets masked, tabs narrow, and of a long
// line only the part around start. It returns where start and width went.
func show(line string, start, width int) (shown string, newStart, newWidth int) {
	masked, start, width := mask(line, start, width)
	var b []rune
	newStart = -1
	for i, r := range []rune(masked) {
		if i == start {
			newStart = len(b)
		}
		b = append(b, []rune(terminal.Printable(string(r)))...)
	}
	if start >= 0 && newStart < 0 { // just behind the last character
		newStart = len(b)
	}
	from := 0
	if newStart > maxWidth*3/4 {
		from = newStart - maxWidth/2
	}
	to := min(from+maxWidth, len(b))
	shown = string(b[from:to])
	if to < len(b) {
		shown += "…"
	}
	if from > 0 {
		shown = "…" + shown
		newStart++
	}
	if newStart >= 0 {
		newStart -= from
		width = max(1, min(width, to-from-newStart+1))
	}
	return shown, newStart, width
}
