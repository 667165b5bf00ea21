package validate

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"
	"unicode/utf8"
)

// partReader reads a multipart/form-data body (RFC 7578, RFC 2046 §5.1) as it arrives.
// It takes the one spelling that every parser reads alike and nothing beside it: lines
// that end in CRLF, no preamble, no epilogue, no folded fields, no transfer encoding, no
// field or parameter twice. Whatever it takes, mime/multipart reads as the same parts
// (FuzzMultipart).
type partReader struct {
	from *bufio.Reader
	// delimiter is CRLF, two hyphens and the boundary.
	delimiter []byte
	begun     bool
}

// partHead is what a part says about itself.
type partHead struct {
	name      string
	mediaType string // lower case, "" if it is not given
	charset   string
	file      bool // it has a file name
}

// formError says what is wrong with a form, in words that follow "the body".
type formError string

// Error implements error.
func (e formError) Error() string { return string(e) }

const (
	errForm     = formError("is not a well-formed multipart form")
	errFormEnd  = formError("ends in the middle of its multipart form")
	errBoundary = formError("has no valid boundary in its Content-Type")
)

// maxPartHead bounds the fields of one part, in bytes. Names and media types are short.
const maxPartHead = 8 << 10

func newPartReader(from io.Reader, boundary string) (*partReader, error) {
	if !isBoundary(boundary) {
		return nil, errBoundary
	}
	return &partReader{from: bufio.NewReaderSize(from, maxPartHead), delimiter: []byte("\r\n--" + boundary)}, nil
}

// isBoundary tells the boundaries that RFC 2046 §5.1.1 allows.
func isBoundary(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("'()+_,-./:=? ", c) >= 0 {
			continue
		}
		return false
	}
	return s != "" && len(s) <= 70 && s[len(s)-1] != ' '
}

// next returns the head of the next part, or io.EOF after the last one. The content of
// the part before has to be read.
func (p *partReader) next() (head partHead, err error) {
	if !p.begun { // the content of a part takes the delimiter with it
		p.begun = true
		if err := p.expect(string(p.delimiter[2:])); err != nil {
			return head, err
		}
	}
	end, err := p.from.Peek(2)
	if err != nil {
		return head, ended(err)
	}
	if string(end) == "--" {
		_, _ = p.from.Discard(2)
		return head, p.end()
	}
	if err := p.expect("\r\n"); err != nil {
		return head, err
	}
	return p.head()
}

// expect reads a text.
func (p *partReader) expect(text string) error {
	got, err := p.from.Peek(len(text))
	if err != nil && len(got) < len(text) {
		return ended(err)
	}
	if string(got) != text {
		return errForm
	}
	_, err = p.from.Discard(len(text))
	return err
}

// end takes at most one line end after the last delimiter.
func (p *partReader) end() error {
	rest, err := p.from.Peek(3)
	switch {
	case err != io.EOF && err != nil:
		return err
	case err == nil, string(rest) != "" && string(rest) != "\r\n":
		return formError("has something behind the end of its multipart form")
	}
	return io.EOF
}

// ended tells a body that is too short from one that could not be read.
func ended(err error) error {
	if err == io.EOF {
		return errFormEnd
	}
	return err
}

// head reads the fields of a part.
func (p *partReader) head() (head partHead, err error) {
	seen := make(map[string]string, 2)
	for left := maxPartHead; ; {
		line, err := p.from.ReadSlice('\n')
		if left -= len(line); errors.Is(err, bufio.ErrBufferFull) || left < 0 {
			return head, formError(fmt.Sprintf("has a part whose fields are longer than %d bytes", maxPartHead))
		}
		if err != nil {
			return head, ended(err)
		}
		text, ok := bytes.CutSuffix(line, []byte("\r\n"))
		if !ok || bytes.IndexByte(text, '\r') >= 0 || bytes.IndexByte(text, 0) >= 0 {
			return head, errForm
		}
		if len(text) == 0 {
			return readHead(seen)
		}
		name, value, ok := strings.Cut(string(text), ":")
		if name = strings.ToLower(name); !ok || !isToken(name) {
			return head, errForm
		}
		if _, twice := seen[name]; twice {
			return head, formError("has a part with the same field twice")
		}
		seen[name] = strings.Trim(value, " \t")
	}
}

// isToken tells the names of fields (RFC 9110 §5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0 {
			continue
		}
		return false
	}
	return s != ""
}

// readHead makes sense of the fields of a part (RFC 7578 §4.2, §4.4, §4.7).
func readHead(fields map[string]string) (head partHead, err error) {
	disposition, parameters, err := mime.ParseMediaType(fields["content-disposition"])
	name, named := parameters["name"]
	if err != nil || disposition != "form-data" || !named || !isName(name) || !plainName(fields["content-disposition"]) {
		return head, formError("has a part without a plain name in its Content-Disposition")
	}
	head.name = name
	_, head.file = parameters["filename"]
	if coding := strings.ToLower(fields["content-transfer-encoding"]); coding != "" && coding != "binary" && coding != "8bit" && coding != "7bit" {
		return head, formError("has a part with a Content-Transfer-Encoding, which no form has")
	}
	if given := fields["content-type"]; given != "" {
		mediaType, parameters, err := mime.ParseMediaType(given)
		if err != nil || !strings.Contains(mediaType, "/") {
			return head, formError("has a part whose Content-Type is no media type")
		}
		head.mediaType, head.charset = mediaType, parameters["charset"]
	}
	return head, nil
}

// plainName tells that the name has no extended or split form (RFC 8187, RFC 2231).
func plainName(disposition string) bool {
	for part := range strings.SplitSeq(strings.ToLower(disposition), ";") {
		if strings.HasPrefix(strings.TrimSpace(part), "name*") {
			return false
		}
	}
	return true
}

// isName tells the names that parsers do not disagree about.
func isName(s string) bool {
	for _, r := range s {
		if r < ' ' || r == 0x7f || r == '"' || r == '\\' {
			return false
		}
	}
	return s != "" && utf8.ValidString(s)
}

// content hands the content of the part to take, piece by piece.
func (p *partReader) content(take func([]byte) error) error {
	for {
		window, err := p.from.Peek(max(p.from.Buffered(), len(p.delimiter)))
		if err != nil {
			return ended(err)
		}
		length, found := len(window)-len(p.delimiter)+1, false
		if at := bytes.Index(window, p.delimiter); at >= 0 {
			length, found = at, true
		}
		if err := take(window[:length]); err != nil {
			return err
		}
		if _, err := p.from.Discard(length); err != nil {
			return err
		}
		if found {
			_, err := p.from.Discard(len(p.delimiter))
			return err
		}
	}
}
