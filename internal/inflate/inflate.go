// Package inflate takes content Codings off bodies, within bounds: a body that was made
// to become very long is refused before it does.
package inflate

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Coding is a content coding of a body (RFC 9110 §8.4.1), or none.
type Coding string

// The codings that can be taken off.
const (
	Gzip    Coding = "gzip"    // RFC 1952
	Deflate Coding = "deflate" // the zlib format (RFC 9110 §8.4.1.2)
	Zstd    Coding = "zstd"    // RFC 8878
)

// Codings are those that can be decoded, in the order in which clients are told.
var Codings = []Coding{Gzip, Deflate, Zstd}

// MaxRatio bounds how many times longer a body may become by decoding; below
// freeDecoded bytes it does not matter. JSON that people write shrinks to a twentieth
// at best, what is made to harm to a thousandth.
const (
	MaxRatio    = 100
	freeDecoded = 64 << 10
)

// Why a body could not be decoded.
var (
	ErrExpanded = errors.New("the body decodes to more than it may")
	ErrMiscoded = errors.New("the body is not what its content coding says")
)

// Of returns the content coding of a body, "" for none. It is false for several
// codings, one after the other, and for those that are not among the accepted.
func Of(fields []string, accepted []Coding) (Coding, bool) {
	var found Coding
	for _, field := range fields {
		if field == "" || strings.EqualFold(field, "identity") {
			continue
		}
		if found != "" {
			return "", false
		}
		found = Coding(strings.ToLower(field))
		if found == "x-gzip" { // RFC 9110 §8.4.1.3
			found = Gzip
		}
	}
	return found, found == "" || slices.Contains(accepted, found)
}

// Bound returns how long a body of so many encoded bytes may become.
func Bound(encoded int, limit int64) int {
	return int(min(limit, int64(max(freeDecoded, MaxRatio*encoded))))
}

// Decode appends the decoded body to a buffer, at most bound bytes. The encoded form
// has to be one whole stream and nothing else: of several, or of one with something
// behind it, services might read another part than what was checked.
//
// Errors: ErrExpanded, ErrMiscoded.
func (c Coding) Decode(to, encoded []byte, bound int) ([]byte, error) {
	source := bytes.NewReader(encoded)
	var err error
	switch c {
	case Gzip:
		to, err = decodeGzip(to, source, bound)
	case Deflate:
		to, err = decodeZlib(to, source, bound)
	case Zstd:
		return decodeZstd(to, encoded, bound)
	default:
		return to, ErrMiscoded
	}
	if err == nil && source.Len() > 0 {
		err = ErrMiscoded
	}
	return to, err
}

// gzips and zlibs hold readers: each has a window of 32 KiB.
var gzips, zlibs sync.Pool

func decodeGzip(to []byte, source *bytes.Reader, bound int) ([]byte, error) {
	reader, _ := gzips.Get().(*gzip.Reader)
	if reader == nil {
		reader = new(gzip.Reader)
	}
	defer gzips.Put(reader)
	if err := reader.Reset(source); err != nil {
		return to, ErrMiscoded
	}
	reader.Multistream(false)
	return inflate(to, reader, bound)
}

func decodeZlib(to []byte, source *bytes.Reader, bound int) ([]byte, error) {
	pooled := zlibs.Get()
	if pooled == nil {
		reader, err := zlib.NewReader(source)
		if err != nil {
			return to, ErrMiscoded
		}
		defer zlibs.Put(reader)
		return inflate(to, reader, bound)
	}
	reader := pooled.(io.ReadCloser)
	defer zlibs.Put(reader)
	if err := reader.(zlib.Resetter).Reset(source, nil); err != nil {
		return to, ErrMiscoded
	}
	return inflate(to, reader, bound)
}

// inflate reads to the end, and never keeps more than bound bytes.
func inflate(to []byte, from io.Reader, bound int) ([]byte, error) {
	for {
		if len(to) == cap(to) {
			to = grow(to, bound)
		}
		n, err := from.Read(to[len(to):cap(to)])
		to = to[:len(to)+n]
		switch {
		case len(to) > bound:
			return to, ErrExpanded
		case err == io.EOF:
			return to, nil
		case err != nil:
			return to, ErrMiscoded
		}
	}
}

// grow doubles a buffer up to a byte more than bound, which is where one sees that
// there is more.
func grow(buffer []byte, bound int) []byte {
	grown := make([]byte, len(buffer), min(max(4<<10, 2*len(buffer)), max(bound, len(buffer))+1))
	copy(grown, buffer)
	return grown
}

// zstdDecoder decodes into the space that it is given, and with a window that every
// decoder has to have (RFC 9659 §3).
var zstdDecoder = sync.OnceValue(func() *zstd.Decoder {
	decoder, err := zstd.NewReader(nil, zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxWindow(8<<20), zstd.WithDecoderLowmem(true), zstd.WithDecoderConcurrency(0))
	if err != nil {
		panic("inflate: " + err.Error()) // the options are constants
	}
	return decoder
})

func decodeZstd(to, encoded []byte, bound int) ([]byte, error) {
	size, err := zstdSize(encoded)
	if err != nil {
		return to, err
	}
	space := int(min(size, uint64(bound)))
	if cap(to) < space {
		to = make([]byte, 0, space)
	}
	to, err = zstdDecoder().DecodeAll(encoded, to[:0:space])
	switch {
	case err != nil && size > uint64(bound): // the library has several errors for that
		return to, ErrExpanded
	case err != nil:
		return to, ErrMiscoded
	}
	return to, nil
}

// zstdBlock is how much a block can hold at most (RFC 8878 §3.1.1.2.4).
const zstdBlock = 128 << 10

// zstdSize returns how much a single frame can decode to, from its header and those of
// its blocks (RFC 8878 §3.1.1). It fails unless the frame ends where the text does.
func zstdSize(encoded []byte) (uint64, error) {
	var header zstd.Header
	if err := header.Decode(encoded); err != nil || header.Skippable {
		return 0, ErrMiscoded
	}
	rest, size, last := encoded[header.HeaderSize:], uint64(0), false
	for !last {
		if len(rest) < 3 {
			return 0, ErrMiscoded
		}
		block := uint32(rest[0]) | uint32(rest[1])<<8 | uint32(rest[2])<<16
		last = block&1 != 0
		length := int(block >> 3)
		switch block >> 1 & 3 {
		case 0: // as it is
			size += uint64(length)
		case 1: // one byte, repeated
			size += uint64(length)
			length = 1
		default:
			size += zstdBlock
		}
		if rest = rest[3:]; len(rest) < length {
			return 0, ErrMiscoded
		}
		rest = rest[length:]
	}
	if header.HasCheckSum {
		if len(rest) < 4 {
			return 0, ErrMiscoded
		}
		rest = rest[4:]
	}
	if len(rest) > 0 {
		return 0, ErrMiscoded
	}
	if header.HasFCS {
		size = min(size, header.FrameContentSize)
	}
	return size, nil
}
