package openapi

import (
	"io/fs"
	"path/filepath"
	"slices"
)

// Traced is a contract whose text knows where every line of it comes from, for whoever
// compares contracts and has to say where.
type Traced struct {
	*Contract
	checker *checker
}

// Text is a contract as one JSON document, one member or item a line, beside the
// places and JSON Pointers of its lines.
type Text struct {
	Document []byte
	Lines    []Line
}

// Line is what stands on one line of a Text.
type Line struct {
	Pointer string
	At      Position
}

// Trace is Load with the places kept.
func Trace(name string) (*Traced, error) {
	files, data, closer, err := open(name, nil)
	if err != nil {
		return nil, err
	}
	defer closer.Close()
	return traced(files, filepath.Dir(name), filepath.Base(name), data)
}

// TraceFS is Trace for a file within files, which are then the directory. dir is what
// places name it by.
func TraceFS(files fs.FS, dir, name string) (*Traced, error) {
	_, data, err := look(files, name)
	if err != nil {
		return nil, missing(filepath.Join(dir, name), err)
	}
	return traced(files, dir, name, data)
}

// TraceData is Trace for a contract that is not in a file. It may refer to nothing but
// itself. The name is for messages.
func TraceData(name string, data []byte) (*Traced, error) {
	return traced(noFiles{}, filepath.Dir(name), filepath.Base(name), data)
}

func traced(files fs.FS, dir, name string, data []byte) (*Traced, error) {
	c, contract := check(files, dir, name, data, nil)
	if err := c.err(); err != nil {
		return nil, err
	}
	contract.Files, contract.Hash = c.source.names(), c.source.hash()
	return &Traced{Contract: contract, checker: c}, nil
}

// Release30 tells whether the contract is written in OpenAPI 3.0.
func (t *Traced) Release30() bool { return t.checker.version == v30 }

// Text writes the contract. Plain, it says what the files say; otherwise it is OpenAPI
// 3.1 whatever the files are, or 3.2 if it says what only that can say.
func (t *Traced) Text(plain bool) Text {
	b := &bundler{checker: t.checker, plain: plain, parts: t.checker.root.get("components"), traced: true}
	b.value(t.checker.root)
	for b.line >= len(b.lines) { // components that nobody wrote
		b.lines = append(b.lines, b.lines[len(b.lines)-1])
	}
	return Text{Document: b.out, Lines: b.lines}
}

// trace notes that n stands on the line that is being written. What stands there first
// speaks for the line; a line that nobody wrote belongs to the one above.
func (b *bundler) trace(n *node) {
	if !b.traced || n.file == nil {
		return
	}
	for b.line >= len(b.lines) {
		var above Line
		if len(b.lines) > 0 {
			above = b.lines[len(b.lines)-1]
		}
		b.lines = append(b.lines, above)
		if b.line == len(b.lines)-1 {
			b.lines[b.line] = Line{Pointer: b.pointer(n), At: Position(n.placeOfName())}
		}
	}
}

// At returns what stands on a line, counted from 1.
func (t *Text) At(line int) (Line, bool) {
	if line < 1 || len(t.Lines) == 0 {
		return Line{}, false
	}
	return t.Lines[min(line, len(t.Lines))-1], true
}

// Find returns the line on which a place of the contract stands, or the nearest place
// above it that the contract has.
func (t *Text) Find(pointer string) Line {
	for {
		i := slices.IndexFunc(t.Lines, func(l Line) bool { return l.Pointer == pointer })
		if i >= 0 {
			return t.Lines[i]
		}
		if pointer == "" {
			return Line{}
		}
		pointer = parentOf(pointer)
	}
}

// parentOf cuts the last token off a JSON Pointer.
func parentOf(pointer string) string {
	for i := len(pointer) - 1; i > 0; i-- {
		if pointer[i] == '/' {
			return pointer[:i]
		}
	}
	return ""
}
