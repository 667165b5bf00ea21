package validate

import (
	"bytes"
	"io"
	"mime/multipart"
	"strings"
	"testing"
	"testing/iotest"
)

// readParts returns names, media types and contents of all parts, or what is wrong.
func readParts(source io.Reader, boundary string) (all []string, err error) {
	reader, err := newPartReader(source, boundary)
	if err != nil {
		return nil, err
	}
	for {
		head, err := reader.next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		var text bytes.Buffer
		if err := reader.content(func(piece []byte) error { text.Write(piece); return nil }); err != nil {
			return nil, err
		}
		kind := "field"
		if head.file {
			kind = "file"
		}
		all = append(all, kind+" "+head.name+" "+head.mediaType+" "+text.String())
	}
}

const disposition = "Content-Disposition: form-data; name=a\r\n"

func TestParts(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789\r\n--", 5000)
	for _, test := range []struct {
		name, text string
		want       []string // nil is an error
	}{
		{"one", "--x\r\n" + disposition + "\r\n1\r\n--x--", []string{"field a  1"}},
		{"a line end behind", "--x\r\n" + disposition + "\r\n1\r\n--x--\r\n", []string{"field a  1"}},
		{"empty content", "--x\r\n" + disposition + "\r\n\r\n--x--", []string{"field a  "}},
		{"no parts", "--x--", []string{}},
		{"a file", "--x\r\nContent-Disposition: form-data; name=\"b c\"; filename=\"x.png\"\r\nContent-Type: IMAGE/png; charset=utf-8\r\n\r\n\xff\x00\r\n--x--", []string{"file b c image/png \xff\x00"}},
		{"an extended file name", "--x\r\nContent-Disposition: form-data; name=a; filename*=utf-8''%e2%82%ac.txt\r\n\r\n1\r\n--x--", []string{"file a  1"}},
		{"other fields", "--x\r\n" + disposition + "X-Other: 1\r\n\r\n1\r\n--x--", []string{"field a  1"}},
		{"nearly delimiters", "--x\r\n" + disposition + "\r\n" + long + "\r\n-\r\n--\r\n--x--", []string{"field a  " + long + "\r\n-\r\n--"}},
		{"two", "--x\r\n" + disposition + "\r\n1\r\n--x\r\n" + disposition + "\r\n2\r\n--x--", []string{"field a  1", "field a  2"}},
		{"nothing", "", nil},
		{"no end", "--x\r\n" + disposition + "\r\n1", nil},
		{"no end but a delimiter", "--x\r\n" + disposition + "\r\n1\r\n--x\r\n", nil},
		{"preamble", "hello\r\n--x\r\n" + disposition + "\r\n1\r\n--x--", nil},
		{"an empty line first", "\r\n--x\r\n" + disposition + "\r\n1\r\n--x--", nil},
		{"epilogue", "--x\r\n" + disposition + "\r\n1\r\n--x--\r\nhello", nil},
		{"parts behind the end", "--x\r\n" + disposition + "\r\n1\r\n--x--\r\n--x\r\n" + disposition + "\r\n2\r\n--x--", nil},
		{"spaces behind the boundary", "--x \r\n" + disposition + "\r\n1\r\n--x--", nil},
		{"bare line feeds", "--x\n" + strings.ReplaceAll(disposition, "\r", "") + "\n1\n--x--", nil},
		{"a boundary that goes on", "--x\r\n" + disposition + "\r\n1\r\n--xy\r\n--x--", nil},
		{"a folded field", "--x\r\nContent-Disposition: form-data;\r\n name=a\r\n\r\n1\r\n--x--", nil},
		{"no disposition", "--x\r\nContent-Type: text/plain\r\n\r\n1\r\n--x--", nil},
		{"an attachment", "--x\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--x--", nil},
		{"no name", "--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--", nil},
		{"an empty name", "--x\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n1\r\n--x--", nil},
		{"two names", "--x\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n1\r\n--x--", nil},
		{"an extended name", "--x\r\nContent-Disposition: form-data; name*=utf-8''a\r\n\r\n1\r\n--x--", nil},
		{"a name in pieces", "--x\r\nContent-Disposition: form-data; name*0=a; name*1=b\r\n\r\n1\r\n--x--", nil},
		{"quotes in the name", "--x\r\nContent-Disposition: form-data; name=\"a\\\"b\"\r\n\r\n1\r\n--x--", nil},
		{"two dispositions", "--x\r\n" + disposition + "Content-Disposition: form-data; name=b\r\n\r\n1\r\n--x--", nil},
		{"a space before the colon", "--x\r\nContent-Disposition : form-data; name=a\r\n\r\n1\r\n--x--", nil},
		{"a transfer encoding", "--x\r\n" + disposition + "Content-Transfer-Encoding: base64\r\n\r\nMQ==\r\n--x--", nil},
		{"no media type", "--x\r\n" + disposition + "Content-Type: text\r\n\r\n1\r\n--x--", nil},
		{"long fields", "--x\r\n" + disposition + "X: " + strings.Repeat("a", maxPartHead) + "\r\n\r\n1\r\n--x--", nil},
		{"many fields", "--x\r\n" + disposition + strings.Repeat("X"+strings.Repeat("a", 90)+": 1\r\n", 100) + "\r\n1\r\n--x--", nil},
	} {
		for name, source := range map[string]io.Reader{
			"": strings.NewReader(test.text), "byte by byte": iotest.OneByteReader(strings.NewReader(test.text)),
		} {
			got, err := readParts(source, "x")
			if (err == nil) != (test.want != nil) || strings.Join(got, "|") != strings.Join(test.want, "|") {
				t.Errorf("%s %s: got %.200q, %v", test.name, name, got, err)
			}
		}
	}
	for _, boundary := range []string{"", "a\r\nb", "a ", strings.Repeat("a", 71), "ä", "a\x00"} {
		if _, err := newPartReader(strings.NewReader(""), boundary); err != errBoundary {
			t.Errorf("the boundary %q: %v", boundary, err)
		}
	}
	if _, err := readParts(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("--x\r\n"))), "x"); err != iotest.ErrTimeout {
		t.Errorf("a broken connection: %v", err)
	}
}

// FuzzMultipart: what is accepted, mime/multipart reads as the same parts, and nothing
// else is in the body.
func FuzzMultipart(f *testing.F) {
	f.Add("--x\r\n"+disposition+"\r\n1\r\n--x--", "x")
	f.Add("--x\r\nContent-Disposition: form-data; name=\"b c\"; filename=\"x.png\"\r\nContent-Type: image/png\r\n\r\n\xff\r\n--x\r\n"+disposition+"\r\n\r\n--x--\r\n", "x")
	f.Add("--\r\n--\r\n", "-")
	f.Fuzz(func(t *testing.T, text, boundary string) {
		got, err := readParts(strings.NewReader(text), boundary)
		if err != nil {
			return
		}
		reader := multipart.NewReader(strings.NewReader(text), boundary)
		for i := 0; ; i++ {
			p, err := reader.NextRawPart()
			if err == io.EOF {
				if i != len(got) {
					t.Fatalf("%q: %d parts, the library reads %d", text, len(got), i)
				}
				return
			}
			if err != nil || i >= len(got) {
				t.Fatalf("%q: read as %q, the library says %v", text, got, err)
			}
			content, err := io.ReadAll(p)
			name := p.FormName()
			if err != nil || !strings.Contains(got[i], " "+name+" ") || !strings.HasSuffix(got[i], " "+string(content)) {
				t.Fatalf("%q: part %d read as %q, by the library as %q %q, %v", text, i, got[i], name, content, err)
			}
		}
	})
}
