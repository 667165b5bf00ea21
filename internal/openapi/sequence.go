package openapi

import (
	"fmt"

	"gateway/internal/finding"
)

// positional are the members of a media type, or of an encoding, that speak of its
// parts one after the other, or of parts within parts (3.2.0 §4.14, §4.15).
var positional = []string{"itemSchema", "prefixEncoding", "itemEncoding"}

// sequence reports what is said about the items of a sequence, such as JSON Lines,
// server-sent events and the parts of multipart/mixed: they are not taken apart. In
// requests they would pass unchecked, which must not be; responses are streams and
// pass as they are.
func (b *builder) sequence(n *node, checked bool) {
	members := positional
	if n.shape.section != mediaTypes {
		members = append([]string{"encoding"}, positional...)
	}
	for _, name := range members {
		v := n.get(name)
		if v == nil {
			continue
		}
		e := finding.Error{At: v.placeOfName(), Word: name}
		if checked {
			e.Message = fmt.Sprintf("%q is not supported in requests: their items could not be checked", name)
			e.Hint = "leave it out; the service has to check the items itself"
			b.add(e)
			continue
		}
		e.Message = fmt.Sprintf("%q has no effect: the items of responses are not checked", name)
		b.warn(e)
	}
}
