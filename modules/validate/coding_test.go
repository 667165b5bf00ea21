package validate

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"io"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// encode is how a client would do it.
func encode(t testing.TB, c coding, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	switch c {
	case codingGzip:
		w = gzip.NewWriter(&out)
	case codingDeflate:
		w = zlib.NewWriter(&out)
	case codingZstd:
		encoder, err := zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		w = encoder
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for _, length := range []int{0, 1, 100, 4096, 4097, 65536, 200_000} {
		text := make([]byte, length)
		for i := range text {
			text[i] = byte(i * i >> 3)
		}
		for _, c := range codings {
			encoded := encode(t, c, text)
			got, err := c.Decode(nil, encoded, length)
			if err != nil || !bytes.Equal(got, text) {
				t.Errorf("%s of %d bytes: got %d bytes, %v", c, length, len(got), err)
			}
			if length == 0 {
				continue
			}
			if _, err := c.Decode(nil, encoded, length-1); err != errExpanded {
				t.Errorf("%s of %d bytes, bound a byte less: got %v", c, length, err)
			}
		}
	}
}

// TestDecodeStrictly has streams that some services would read in part, or not at all.
func TestDecodeStrictly(t *testing.T) {
	t.Parallel()
	text := []byte(`{"quantity":1}`)
	for _, c := range codings {
		whole := encode(t, c, text)
		flipped := bytes.Clone(whole)
		flipped[len(flipped)-5] ^= 1
		for name, encoded := range map[string][]byte{
			"nothing":        {},
			"not encoded":    text,
			"cut":            whole[:len(whole)-1],
			"header only":    whole[:4],
			"two streams":    append(bytes.Clone(whole), whole...),
			"trailing byte":  append(bytes.Clone(whole), 0),
			"trailing space": append(bytes.Clone(whole), '\n'),
			"broken sum":     flipped,
		} {
			if got, err := c.Decode(nil, encoded, 1<<20); err != errMiscoded {
				t.Errorf("%s, %s: got %q, %v", c, name, got, err)
			}
		}
	}
	skipped := append([]byte{0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 'x'}, encode(t, codingZstd, text)...)
	if _, err := codingZstd.Decode(nil, skipped, 1<<20); err != errMiscoded {
		t.Errorf("a skippable frame before the frame: got %v", err)
	}
}

// bombs become very long by decoding.
func bombs(t testing.TB) map[coding][]byte {
	zeros := make([]byte, 8<<20)
	all := map[coding][]byte{codingGzip: encode(t, codingGzip, zeros), codingDeflate: encode(t, codingDeflate, zeros)}
	// A frame of 4000 blocks of a repeated byte: 4 bytes each become 128 KiB.
	frame := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58}
	for i := range 4000 {
		block := uint32((128<<10)<<3 | 1<<1)
		if i == 3999 {
			block |= 1
		}
		frame = append(binary.LittleEndian.AppendUint32(frame, block)[:len(frame)+3], '0')
	}
	all[codingZstd] = frame
	return all
}

func TestBombs(t *testing.T) {
	for c, bomb := range bombs(t) {
		_, _ = c.Decode(nil, encode(t, c, []byte("warm")), 100)
		const bound = 1 << 20
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := c.Decode(nil, bomb, bound)
		runtime.ReadMemStats(&after)
		if err != errExpanded {
			t.Errorf("%s: got %v", c, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 4*bound { // what was given back included
			t.Errorf("%s: %d bytes were allocated for a bound of %d", c, used, bound)
		}
	}
}

func TestCodingOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		fields []string
		want   coding
		ok     bool
	}{
		{nil, "", true},
		{[]string{""}, "", true},
		{[]string{"identity"}, "", true},
		{[]string{"gzip"}, codingGzip, true},
		{[]string{"X-GZIP"}, codingGzip, true},
		{[]string{"ZStd"}, codingZstd, true},
		{[]string{"br"}, "br", false},
		{[]string{"gzip, gzip"}, "gzip, gzip", false},
		{[]string{"gzip", "gzip"}, "", false},
		{[]string{"identity", "deflate"}, codingDeflate, true},
		{[]string{"gzip,"}, "gzip,", false},
	} {
		got, ok := codingOf(test.fields, codings)
		if got != test.want || ok != test.ok {
			t.Errorf("%q: got %q %v, want %q %v", test.fields, got, ok, test.want, test.ok)
		}
	}
	if _, ok := codingOf([]string{"gzip"}, nil); ok {
		t.Error("gzip is accepted where no coding is")
	}
}

// TestEncodedRequests sends encoded bodies to an operation.
func TestEncodedRequests(t *testing.T) {
	t.Parallel()
	s := testSettings
	s.maxBody, s.codings = 100_000, codings
	o := &operation{name: "create", parameters: new(parameters), settings: &s,
		body: &body{required: true, media: []media{
			{name: "application/json", kind: contentJSON, schema: mustSchema(t, `{"required":["quantity"],"properties":{"quantity":{"minimum":1}}}`)},
			{name: "image/png", kind: contentOpaque},
		}}}
	o.body.prepare("create", &s)
	long := []byte(`{"quantity":1,"x":"` + strings.Repeat("a", 70_000) + `"}`)
	noise := []byte(`{"quantity":1,"x":"`)
	for i := range uint32(30_000) { // letters in no order
		noise = append(noise, 'a'+byte(i*i*2654435761>>24)%26)
	}
	noise = append(noise, `"}`...)
	for _, c := range codings {
		for _, test := range []struct {
			name, mediaType string
			text            []byte
			status          int
		}{
			{"valid", "application/json", []byte(`{"quantity":1}`), 0},
			{"noise", "application/json", noise, 0},
			{"invalid", "application/json", []byte(`{"quantity":0}`), 422},
			{"no JSON", "application/json", []byte(`{`), 400},
			{"nothing", "application/json", nil, 400},
			{"too dense", "application/json", long, 413},
			{"too large", "application/json", append(noise, make([]byte, 100_000)...), 413},
			{"unread", "image/png", []byte("x"), 415},
		} {
			sent := encode(t, c, test.text)
			r := httptest.NewRequest("POST", "/", bytes.NewReader(sent))
			r.Header.Set("Content-Type", test.mediaType)
			r.Header.Set("Content-Encoding", string(c))
			refusal := o.decide(r, nil, "")
			status := 0
			if refusal != nil {
				status = refusal.Code()
			}
			if status != test.status {
				t.Errorf("%s, %s: got %d %+v, want %d", c, test.name, status, refusal, test.status)
			}
			if test.status == 0 {
				arrived, err := io.ReadAll(r.Body)
				if !bytes.Equal(arrived, sent) || err != nil || r.Header.Get("Content-Encoding") != string(c) {
					t.Errorf("%s, %s: the body arrived changed, %v", c, test.name, err)
				}
			}
		}
	}
}

// FuzzDecode: nothing panics, nothing passes the bound, and what is decoded is what the
// standard library makes of the same bytes.
func FuzzDecode(f *testing.F) {
	for i, c := range codings {
		f.Add(i, encode(f, c, []byte(`{"quantity":1}`)))
	}
	f.Fuzz(func(t *testing.T, i int, encoded []byte) {
		c := codings[uint(i)%uint(len(codings))]
		const bound = 1 << 16
		got, err := c.Decode(nil, encoded, bound)
		if err != nil {
			if !errors.Is(err, errExpanded) && !errors.Is(err, errMiscoded) {
				t.Errorf("an unknown error: %v", err)
			}
			return
		}
		if len(got) > bound {
			t.Fatalf("%d bytes", len(got))
		}
		var reader io.Reader
		switch c {
		case codingGzip:
			reader, err = gzip.NewReader(bytes.NewReader(encoded))
		case codingDeflate:
			reader, err = zlib.NewReader(bytes.NewReader(encoded))
		default:
			reader, err = zstd.NewReader(bytes.NewReader(encoded))
		}
		if err != nil {
			t.Fatalf("decoded, but the library says %v", err)
		}
		if want, err := io.ReadAll(reader); err != nil || !bytes.Equal(want, got) {
			t.Errorf("two readings: %q and %q, %v", got, want, err)
		}
	})
}
