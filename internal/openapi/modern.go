package openapi

import "gateway/internal/finding"

// mediaTypes is the section of components whose members may be referred to since
// OpenAPI 3.2.
const mediaTypes = "mediaTypes"

// newer tells whether n says something that only OpenAPI 3.2 can say, other than by a
// member that is new.
func (c *checker) newer(n *node, s *shape) bool {
	switch {
	case c.version < v32:
		return false
	case s.section == "parameters":
		return n.str("style") == "cookie" || n.str("in") == "querystring"
	case s.section == "responses":
		return n.get("description") == nil
	}
	return false
}

// referable tells whether a reference may stand in place of an s: of media types only
// since OpenAPI 3.2.
func (c *checker) referable(s *shape) bool {
	return s.section != "" && (s.section != mediaTypes || c.version >= v32)
}

// maxInlined is how many bytes the references to media types of a contract may stand
// for, about. They are written out where they are used, so that what reads the contract
// need not know them.
const maxInlined = maxDocumentBytes

// inline checks that the references to media types can be written out.
func (c *checker) inline() {
	sizes := make(map[*node]int)
	left := maxInlined
	for _, ref := range c.media {
		target := ref.follow()
		if target == nil {
			continue
		}
		size, known := sizes[target]
		if !known {
			size = c.weigh(target)
			sizes[target] = size
		}
		if left -= size; left < 0 {
			c.add(finding.Error{
				Message: "references to media types make the contract larger than it may be", At: ref.place(),
				Hint: "make the media types smaller: refer to their schemas and examples in components",
			})
			return
		}
	}
}

// weigh returns about how many bytes a media type is written in. References to others
// within it are reported: writing them out might come to no end.
func (c *checker) weigh(media *node) int {
	size := 0
	media.each(func(n *node) {
		size += len(n.key) + len(n.text) + len(`"":"",`)
		if n.shape != nil && n.shape.section == mediaTypes && n.get("$ref") != nil {
			at := n.get("$ref")
			c.add(finding.Error{
				Message: "a media type that is referred to cannot refer to others: " + at.text, At: at.place(), Word: at.text,
				Hint: "write the inner one out",
			})
		}
	})
	return size
}
