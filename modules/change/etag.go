package change

import (
	"net/http"
	"strings"
)

// tag marks the entity tags of responses that were carried. A strong validator belongs to
// one sequence of bytes (RFC 9110 §8.8.1), and each version has its own. The mark has
// the version and a hash of all that decides what becomes of a response:
//
//	"abc" of the service is "abc~v1.1f2e3d4c" for clients of v1
//
// Conditions of later requests lose it again, so that the service compares what it knows.
type tag struct {
	mark string // "~v1.1f2e3d4c"
	// begin is what all marks of the version begin with: "~v1.".
	begin string
}

// hashLength is how much of the hash stands in a mark, in hexadecimal digits.
const hashLength = 8

func newTag(version, hash string) tag {
	begin := "~" + version + "."
	return tag{begin: begin, mark: begin + hash[:min(hashLength, len(hash))]}
}

// put marks the entity tag of a response.
func (t tag) put(header http.Header) {
	values := header["Etag"]
	if len(values) != 1 || len(values[0]) < 2 || !strings.HasSuffix(values[0], `"`) {
		return
	}
	header["Etag"] = []string{values[0][:len(values[0])-1] + t.mark + `"`}
}

// strip takes the marks off the conditions of a request. If-Match protects an update and
// is about what the service has, whatever the gateway made of it then. If-None-Match
// asks whether the client's copy is still good: a copy that other changes have made is
// not, so its tag is left as the service has never heard of it.
func (t tag) strip(header http.Header) {
	if values := header["If-Match"]; len(values) > 0 {
		header["If-Match"] = t.unmarked(values, t.begin)
	}
	if values := header["If-None-Match"]; len(values) > 0 {
		header["If-None-Match"] = t.unmarked(values, t.mark)
	}
}

// unmarked removes marks that begin with a text. Values without any are returned as they
// are.
func (t tag) unmarked(values []string, begin string) []string {
	found := false
	for _, value := range values {
		found = found || strings.Contains(value, begin)
	}
	if !found {
		return values
	}
	list := make([]string, len(values))
	for i, value := range values {
		list[i] = t.unmarkedValue(value, begin)
	}
	return list
}

func (t tag) unmarkedValue(value, begin string) string {
	var b strings.Builder
	for {
		i := strings.Index(value, begin)
		if i < 0 {
			break
		}
		end := i + len(t.mark)
		if end >= len(value) || value[end] != '"' {
			b.WriteString(value[:i+1])
			value = value[i+1:]
			continue
		}
		b.WriteString(value[:i])
		value = value[end:]
	}
	b.WriteString(value)
	return b.String()
}
