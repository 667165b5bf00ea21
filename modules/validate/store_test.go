package validate

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
)

// pattern is a body whose bytes tell which one it is.
func pattern(i, length int) []byte { return bytes.Repeat([]byte{byte('A' + i%50)}, length) }

func (s *stored) memory() (total int64) {
	for b := s.first; b != nil; b = b.next {
		total += int64(cap(b.data))
	}
	return total
}

// TestStored: what is read is what was sent, in at most twice the memory.
func TestStored(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 200 {
		length := random.IntN(300_000) >> random.IntN(16)
		text := make([]byte, length)
		for j := range text {
			text[j] = byte(random.Uint32())
		}
		source := io.Reader(bytes.NewReader(text))
		switch i % 3 {
		case 0:
			source = iotest.HalfReader(source)
		case 1:
			source = iotest.DataErrReader(source)
		}
		declared := int64(length)
		if i%2 == 0 {
			declared = -1
		}
		b := newSent(http.NoBody)
		if tooLarge, err := b.fill(source, declared, 1<<20); tooLarge || err != nil {
			t.Fatalf("%d bytes: %v %v", length, tooLarge, err)
		}
		b.block = b.first
		if memory := b.memory(); memory > 2*int64(length)+minBlock {
			t.Errorf("%d bytes (declared %d) lie in %d", length, declared, memory)
		}
		whole, _ := b.bytes(nil)
		again, err := b.again()
		if err != nil {
			t.Fatal(err)
		}
		for name, reader := range map[string]io.Reader{"first": b, "again": again, "whole": bytes.NewReader(whole)} {
			if got, err := io.ReadAll(iotest.HalfReader(reader)); err != nil || !bytes.Equal(got, text) {
				t.Errorf("%s: %d bytes came back as %d, %v", name, length, len(got), err)
			}
		}
	}
}

// TestStoredBounds has clients that declare other lengths than they send.
func TestStoredBounds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name                 string
		sent                 int
		declared, limit, max int64
		tooLarge             bool
		err                  error
	}{
		{"nothing of a gigabyte", 0, 1 << 30, 1 << 30, maxBlock, false, io.ErrUnexpectedEOF},
		{"little of a gigabyte", 100, 1 << 30, 1 << 30, maxBlock, false, io.ErrUnexpectedEOF},
		{"a part", 100_000, 1 << 20, 1 << 20, 4 * maxBlock, false, io.ErrUnexpectedEOF},
		{"too much, undeclared", 100_001, -1, 100_000, 100_000 + 2*maxBlock, true, nil},
		{"exactly enough", 100_000, -1, 100_000, 100_000 + 2*maxBlock, false, nil},
	} {
		b := newSent(http.NoBody)
		tooLarge, err := b.fill(bytes.NewReader(make([]byte, test.sent)), test.declared, test.limit)
		if tooLarge != test.tooLarge || !errors.Is(err, test.err) {
			t.Errorf("%s: got %v, %v", test.name, tooLarge, err)
		}
		if memory := b.memory(); memory > test.max {
			t.Errorf("%s: %d bytes are set aside", test.name, memory)
		}
	}
}

// TestLifeOfABody follows the holders of a body.
func TestLifeOfABody(t *testing.T) {
	t.Parallel()
	read := func(text string) (*http.Request, *sent) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(text))
		b, tooLarge, err := readBody(r, 1<<20)
		if tooLarge || err != nil {
			t.Fatal(tooLarge, err)
		}
		return r, b
	}
	t.Run("the transport closes before it tries again", func(t *testing.T) {
		r, b := read("hello")
		_, _ = io.ReadFull(r.Body, make([]byte, 2))
		_ = r.Body.Close()
		if _, err := r.Body.Read(make([]byte, 1)); !errors.Is(err, http.ErrBodyReadAfterClose) {
			t.Errorf("read after close: %v", err)
		}
		again, err := r.GetBody()
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(again); string(got) != "hello" {
			t.Errorf("the second attempt reads %q", got)
		}
		finish(r)
		if b.first == nil {
			t.Error("the memory is gone while the second attempt has it")
		}
		_ = again.Close()
		if b.first != nil {
			t.Error("nobody holds the body, and its memory is not given back")
		}
	})
	t.Run("the transport reads on after the handlers are through", func(t *testing.T) {
		r, _ := read("hello")
		transport, err := r.GetBody()
		if err != nil {
			t.Fatal(err)
		}
		finish(r)
		if got, _ := io.ReadAll(transport); string(got) != "hello" {
			t.Errorf("it reads %q", got)
		}
		_ = transport.Close()
		if _, err := r.GetBody(); err != errFinished {
			t.Errorf("another copy after the end: %v", err)
		}
	})
	t.Run("ends come twice", func(t *testing.T) {
		r, b := read("hello")
		finish(r)
		finish(r)
		_ = r.Body.Close()
		_ = r.Body.Close()
		if n := b.holders.Load(); n != 0 {
			t.Errorf("%d holders", n)
		}
	})
}

// TestMemoryIsNotShared reads, closes and reuses bodies all at once: nobody may ever
// see the bytes of another. The race detector watches.
func TestMemoryIsNotShared(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(i), 3))
			for range 10 {
				text := pattern(i, 1+random.IntN(100_000))
				r := httptest.NewRequest("POST", "/", bytes.NewReader(text))
				r.ContentLength = -1
				if _, _, err := readBody(r, 1<<20); err != nil {
					t.Error(err)
					return
				}
				var readers sync.WaitGroup
				body, getBody := r.Body, r.GetBody
				for k := range 3 {
					reader := io.ReadCloser(body)
					if k > 0 {
						reader, _ = getBody()
					}
					readers.Go(func() {
						buffer := make([]byte, 3000)
						for {
							n, err := reader.Read(buffer)
							for _, c := range buffer[:n] {
								if c != text[0] {
									t.Errorf("body %q has a byte of %q", text[0], c)
									return
								}
							}
							if err != nil {
								break
							}
						}
						_ = reader.Close()
					})
				}
				if i%2 == 0 {
					_ = body.Close() // while it is read
				}
				finish(r)
				readers.Wait()
			}
		})
	}
	all.Wait()
}

// TestRefusalsHoldNothingOfTheBody: a refusal lives longer than the body that it is
// about, in logs and in report mode, and the body's memory is used anew.
func TestRefusalsHoldNothingOfTheBody(t *testing.T) {
	t.Parallel()
	try := func(contentType, schema, text string) {
		s := mustSchema(t, schema)
		m := media{name: contentType, kind: kindOfContent(contentType), schema: s}
		if m.kind == contentForm {
			m.form = newForm(s.node, nil, false)
		}
		o := &operation{name: "create", parameters: new(parameters), settings: &testSettings, body: &body{media: []media{m}}}
		o.body.prepare("create", &testSettings)
		r := httptest.NewRequest("POST", "/", strings.NewReader(text))
		r.Header.Set("Content-Type", contentType)
		refusal := o.decide(r, nil, "")
		if refusal == nil {
			return
		}
		before, _ := json.Marshal([]any{refusal.Detail, refusal.Violations})
		kept := r.Body.(*sent)
		for b := kept.first; b != nil; b = b.next {
			clear(b.data)
		}
		if after, _ := json.Marshal([]any{refusal.Detail, refusal.Violations}); !bytes.Equal(before, after) {
			t.Errorf("%s, %.60s: the refusal was %s and became %s", schema, text, before, after)
		}
	}
	for _, m := range messages {
		try("application/json", m.schema, m.document)
	}
	for _, text := range syntaxMessages {
		if text != "" {
			try("application/json", "true", text)
		}
	}
	for _, text := range []string{"a=x", "a=1&a=2", "b=1", "c=1&c=2", "%zz=1", "a%62c=1&a%62c=2"} {
		try("application/x-www-form-urlencoded", `{"properties":{"a":{"type":"integer"}},"required":["z"],"additionalProperties":false}`, text)
	}
}

// TestHeavyChecksWait: however many large bodies come at once, no more are checked at
// once than there are processors, and the memory for that is kept and bounded.
func TestHeavyChecksWait(t *testing.T) {
	var taken []*check
	for range runtime.GOMAXPROCS(0) {
		taken = append(taken, newCheck(maxBlock+1))
	}
	waited := make(chan *check)
	go func() { waited <- newCheck(maxBlock + 1) }()
	select {
	case <-waited:
		t.Error("there is one more than processors")
	default:
	}
	newCheck(maxBlock).release() // small ones do not wait
	taken[0].whole, taken[0].values = make([]byte, 5<<20), make([]value, maxHeavyValues+1)
	taken[0].release()
	c := <-waited
	if cap(c.whole) > maxHeavyKept || cap(c.values) > maxHeavyValues {
		t.Errorf("it keeps %d bytes and %d values", cap(c.whole), cap(c.values))
	}
	for _, c := range append(taken[1:], c) {
		c.release()
	}
}

// TestSpooledBody: a body in memory and in a file is read as often as somebody asks, by
// several at once, and the file is gone with the last of them.
func TestSpooledBody(t *testing.T) {
	t.Parallel()
	text := make([]byte, 3*spoolMemory+17)
	for i := range text {
		text[i] = byte(i * i >> 7)
	}
	b := newSent(nil)
	for rest := text; len(rest) > 0; {
		n := min(len(rest), 5000)
		if err := b.write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	b.block = b.first
	if memory := b.memory(); memory > spoolMemory+maxBlock || b.rest.size != int64(len(text))-spoolMemory {
		t.Errorf("%d bytes in memory, %d in the file", memory, b.rest.size)
	}
	r := &http.Request{Body: b}
	readers := []io.ReadCloser{b}
	for range 3 {
		again, err := b.again()
		if err != nil {
			t.Fatal(err)
		}
		readers = append(readers, again)
	}
	var all sync.WaitGroup
	for i, reader := range readers {
		all.Go(func() {
			if got, err := io.ReadAll(reader); err != nil || !bytes.Equal(got, text) {
				t.Errorf("reader %d: %d bytes, %v", i, len(got), err)
			}
			if n, err := reader.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("reader %d, behind the end: %d, %v", i, n, err)
			}
		})
	}
	all.Wait()
	finish(r)
	if _, err := b.rest.file.Stat(); err != nil {
		t.Errorf("the file is closed while others read: %v", err)
	}
	for _, reader := range readers[1:] {
		_ = reader.Close()
	}
	if _, err := b.rest.file.Stat(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the file is open, and nobody reads: %v", err)
	}
	if _, err := b.again(); err != errFinished {
		t.Errorf("another reader after the end: %v", err)
	}
}
