package validate

import "gateway/internal/inflate"

// coding is a content coding of a body, or none. What is known about them is shared with
// whoever else looks into bodies.
type coding = inflate.Coding

const (
	codingGzip    = inflate.Gzip
	codingDeflate = inflate.Deflate
	codingZstd    = inflate.Zstd
)

// codings are those that can be decoded, in the order in which clients are told.
var codings = inflate.Codings

var (
	errExpanded = inflate.ErrExpanded
	errMiscoded = inflate.ErrMiscoded
)

func codingOf(fields []string, accepted []coding) (coding, bool) { return inflate.Of(fields, accepted) }

func decodedBound(encoded int, limit int64) int { return inflate.Bound(encoded, limit) }
