package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"gateway/internal/finding"
)

// Bounds on one document. The largest public contracts are some 12 MB with a
// million values; their depth is below 60.
const (
	maxDocumentBytes = 32 << 20
	maxDepth         = 200
	maxNodes         = 1 << 20
	maxCopies        = 256 << 10 // of which made by aliases of YAML
)

// jsonReader builds the tree of a JSON document (RFC 8259) out of its tokens.
type jsonReader struct {
	decoder *json.Decoder
	data    []byte
	file    *file
	report  *report
	nodes   int

	// offset, line and column walk through data with the tokens.
	offset       int
	line, column int32
}

// readJSON returns the root of a JSON document, or nil after reporting what is
// wrong with it.
func readJSON(f *file, data []byte, to *report) *node {
	r := &jsonReader{decoder: json.NewDecoder(bytes.NewReader(data)), data: data, file: f, report: to, line: 1, column: 1}
	r.decoder.UseNumber()
	root, err := r.value(0)
	if err != nil {
		r.fail(err, r.decoder.InputOffset())
		return nil
	}
	end := r.decoder.InputOffset()
	if _, more := r.decoder.Token(); more != io.EOF {
		r.fail(errors.New("there is more after the end of the JSON value"), end)
		return nil
	}
	return root
}

// fail reports a syntax error at an offset, or where the error itself says.
func (r *jsonReader) fail(err error, offset int64) {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok && syntax.Offset > offset {
		offset = syntax.Offset - 1
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		r.data = bytes.TrimRight(r.data, " \t\r\n")
		offset = int64(len(r.data))
		err = errors.New("the document ends in the middle of a value")
	}
	if r.walk(int(offset)); r.offset < len(r.data) {
		r.skip()
	}
	r.report.add(finding.Error{
		Message: "the document is not JSON: " + strings.TrimPrefix(err.Error(), "json: "),
		At:      finding.Position{File: r.file.shown, Line: int(r.line), Column: int(r.column)},
	})
}

// token returns the next token; line and column are then where it begins.
func (r *jsonReader) token() (json.Token, error) {
	r.walk(int(r.decoder.InputOffset()))
	token, err := r.decoder.Token()
	if err == nil {
		r.skip()
	}
	return token, err
}

// walk moves the place forward to an offset in the data.
func (r *jsonReader) walk(to int) {
	for ; r.offset < to && r.offset < len(r.data); r.offset++ {
		switch c := r.data[r.offset]; {
		case c == '\n':
			r.line, r.column = r.line+1, 1
		case utf8.RuneStart(c):
			r.column++
		}
	}
}

// skip moves the place over what separates tokens.
func (r *jsonReader) skip() {
	end := r.offset
	for end < len(r.data) && strings.IndexByte(" \t\r\n,:", r.data[end]) >= 0 {
		end++
	}
	r.walk(end)
}

// value reads one value.
func (r *jsonReader) value(depth int) (*node, error) {
	token, err := r.token()
	if err != nil {
		return nil, err
	}
	n := &node{file: r.file, line: r.line, column: r.column}
	if r.nodes++; r.nodes > maxNodes {
		return nil, fmt.Errorf("it has more than %d values", maxNodes)
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("it has more than %d levels", maxDepth)
	}
	switch token := token.(type) {
	case nil:
		n.kind = isNull
	case bool:
		n.kind, n.text = isBoolean, "false"
		if token {
			n.text = "true"
		}
	case json.Number:
		n.kind, n.text = isNumber, string(token)
		if !bounded(n.text) {
			err = fmt.Errorf("the number %.20s is too large or too small", n.text)
		}
	case string:
		n.kind, n.text = isString, token
	case json.Delim:
		n.kind = isList
		if token == '{' {
			n.kind = isObject
		}
		err = r.content(n, depth+1)
	}
	return n, err
}

// bounded tells whether the exponent of a number is one that double precision has.
// Exact arithmetic with larger ones takes all memory there is.
func bounded(number string) bool {
	i := strings.IndexAny(number, "eE")
	if i < 0 {
		return true
	}
	exponent, err := strconv.Atoi(number[i+1:])
	return err == nil && exponent >= -400 && exponent <= 400
}

// content reads the members or items of n up to its end.
func (r *jsonReader) content(n *node, depth int) error {
	var seen map[string]bool
	if n.kind == isObject {
		seen = make(map[string]bool)
	}
	for r.decoder.More() {
		var member name
		if n.kind == isObject {
			token, err := r.token()
			if err != nil {
				return err
			}
			member = name{text: token.(string), line: r.line, column: r.column}
		}
		v, err := r.value(depth)
		if err != nil {
			return err
		}
		if n.kind == isObject {
			if seen[member.text] {
				r.report.duplicate(r.file, member)
				continue
			}
			seen[member.text] = true
			v.key = member.text
			n.names = append(n.names, member)
		}
		n.add(v)
	}
	_, err := r.token()
	n.index()
	return err
}
