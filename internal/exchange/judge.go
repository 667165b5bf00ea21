package exchange

// Why a response was not checked, or not to its end.
const (
	Aborted     = "aborted"      // it ended early
	Encoded     = "encoded"      // in a content coding that is not decoded here
	Head        = "head"         // the answer to HEAD, which has no content
	MediaType   = "media_type"   // its schema cannot be applied to its media type
	NotModified = "not_modified" // 304, which has no content
	Partial     = "partial"      // 206, a part of something
	Streamed    = "streamed"     // events, which have no end to wait for
	TooComplex  = "too_complex"  // beyond the bounds on depth and number of values
	TooLarge    = "too_large"    // longer than the bound on responses
	Upgraded    = "upgraded"     // another protocol follows
)

// Unchecked lists them all.
var Unchecked = []string{Aborted, Encoded, Head, MediaType, NotModified, Partial, Streamed, TooComplex, TooLarge, Upgraded}

// Judge records what a policy found out about the response. The request counts as
// forwarded whatever the verdict is.
func (x *Exchange) Judge(d Decision) {
	d.Response = true
	x.add(d)
}

// Owns tells whether the gateway sets a response field itself, whatever the upstream
// says. key is canonical.
func (x *Exchange) Owns(key string) bool {
	f := x.find(key)
	return f != nil && f.kind != ownedNone
}
