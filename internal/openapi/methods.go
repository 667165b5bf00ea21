package openapi

import (
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"

	"gateway/internal/finding"
)

// methods are the operations of a path item, in the order of the specification.
var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// query is one more of them since OpenAPI 3.2, and additional has those of all other
// methods, under their names as requests have them (3.2.0 §4.9).
const query, additional = "query", "additionalOperations"

// fixed tells the members of a path item that are operations.
func fixed(member string) bool { return member == query || slices.Contains(methods, member) }

// Additional tells whether the operation stands among the additionalOperations of its
// path, under its method, and not in a member of its own ("get", "query").
func (op *Operation) Additional() bool { return !fixed(strings.ToLower(op.Method)) }

// member is the name under which the operation stands.
func (op *Operation) member() string {
	if op.Additional() {
		return op.Method
	}
	return strings.ToLower(op.Method)
}

// operations goes through the operations of a path item by method, in the order of
// the document.
func operations(item *node) iter.Seq2[string, *node] {
	return func(yield func(string, *node) bool) {
		for _, v := range item.elements() {
			switch {
			case v.kind != isObject:
			case fixed(v.key):
				if !yield(strings.ToUpper(v.key), v) {
					return
				}
			case v.key == additional:
				for _, more := range v.values {
					if more.kind == isObject && !yield(more.key, more) {
						return
					}
				}
			}
		}
	}
}

// token is what the name of a method consists of (RFC 9110 §9.1, §5.6.2).
var token = regexp.MustCompile("^[-!#$%&'*+.^_`|~0-9A-Za-z]+$")

// methods checks the names of additional methods.
func (b *builder) methods(item *node) {
	for _, v := range item.get(additional).elements() {
		e := finding.Error{At: v.placeOfName(), Word: v.key}
		switch lower := strings.ToLower(v.key); {
		case !token.MatchString(v.key):
			e.Message = fmt.Sprintf("%q is not a method", v.key)
		case fixed(lower):
			e.Message = fmt.Sprintf("%s is not an additional method", v.key)
			e.Hint = fmt.Sprintf("put it into the path item as %q", lower)
		case lower == "connect":
			e.Message = "CONNECT is not supported: it would make a tunnel"
		default:
			continue
		}
		b.add(e)
	}
}
