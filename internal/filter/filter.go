// Package filter is the language in which people say which requests they want to see:
// in the console, in its streams and exports, and in the terminal.
//
//	reason:schema.* status:>=400 -consumer:alice path:/v1/orders/* "a b"
//
// Terms are joined by spaces, and all of them have to match. A term is key:value, or a
// word that has to be in some text of the request. A value may have "*" in it, stand in
// quotes, and be one of several with commas between them; a number may be compared with
// >=, <=, > and <, or lie in a range such as 400..499, which 4xx is for a status. A "-"
// before a term means not. Case makes no difference.
//
//	filter.go   keys, and what is asked
//	parse.go    text to terms, with the places of mistakes
//	pattern.go  values that are texts
//	number.go   values that are numbers
package filter

// Key is what a term is about.
type Key uint8

// The keys.
const (
	Reason Key = iota
	Status
	Method
	Path
	Route
	API
	Version
	Consumer
	Outcome
	Policy // that refused or reported, or its name
	ID
	Operation
	Host
	Stream
	Query // of the target, masked
	Group // of a canary
	TotalMS
	OwnMS
	UpstreamMS
	Bytes // of the response
	keyCount
)

var keyNames = [keyCount]string{
	"reason", "status", "method", "path", "route", "api", "version", "consumer", "outcome", "policy", "id", "operation",
	"host", "stream", "query", "group", "total_ms", "own_ms", "upstream_ms", "bytes",
}

// String returns the word of the key.
func (k Key) String() string { return keyNames[k] }

// Number tells whether values of the key are numbers.
func (k Key) Number() bool {
	return k == Status || k >= TotalMS
}

// time tells whether values of the key are milliseconds.
func (k Key) time() bool { return k == TotalMS || k == OwnMS || k == UpstreamMS }

// Keys returns the words of all keys, for suggestions.
func Keys() []string { return append([]string(nil), keyNames[:]...) }

// Subject is what is looked at.
type Subject interface {
	// Texts appends the values of a key that is no number to dst; most have one.
	Texts(dst []string, key Key) []string
	// Number returns the value of a key that is a number.
	Number(key Key) float64
}

// Filter is what is asked. The zero value matches everything.
type Filter struct{ terms []term }

// term is one condition.
type term struct {
	not      bool
	anywhere bool // a word that any text may contain
	key      Key
	values   []value // one of them
}

// Empty tells whether the filter matches everything.
func (f *Filter) Empty() bool { return f == nil || len(f.terms) == 0 }

// Match tells whether a subject is wanted. It may be called by many at once.
func (f *Filter) Match(s Subject) bool {
	if f.Empty() {
		return true
	}
	var room [4]string
	for i := range f.terms {
		if t := &f.terms[i]; t.match(s, room[:0]) == t.not {
			return false
		}
	}
	return true
}

func (t *term) match(s Subject, room []string) bool {
	if t.anywhere {
		for key := range keyCount {
			if !key.Number() && t.texts(s.Texts(room, key)) {
				return true
			}
		}
		return t.number(s.Number(Status))
	}
	if t.key.Number() {
		return t.number(s.Number(t.key))
	}
	return t.texts(s.Texts(room, t.key))
}

// texts tells whether one of the values matches one of the texts. No text at all is
// like an empty one.
func (t *term) texts(texts []string) bool {
	if len(texts) == 0 {
		texts = append(texts, "")
	}
	for i := range t.values {
		for _, text := range texts {
			if t.values[i].text(text) {
				return true
			}
		}
	}
	return false
}

func (t *term) number(n float64) bool {
	for i := range t.values {
		if t.values[i].number(n) {
			return true
		}
	}
	return false
}
