package openapi

import (
	"fmt"
	"strings"

	"gateway/internal/finding"
)

// discriminator resolves what the values of a discriminator's property are mapped to,
// and what stands for all others (3.2.0 §4.25).
func (c *checker) discriminator(n *node) {
	for _, v := range n.get("mapping").elements() {
		c.mapping(v, fmt.Sprintf("%q", v.key))
	}
	if v := n.get("defaultMapping"); v != nil && c.version >= v32 {
		c.mapping(v, "all other values")
	}
}

// mapping resolves the name of a schema, or the reference to one, which what is mapped to.
func (c *checker) mapping(v *node, what string) {
	if v.kind != isString {
		return
	}
	schemas := c.root.get("components").get("schemas")
	if schemas.get(v.text) != nil {
		return
	}
	if !strings.ContainsAny(v.text, "/#.") {
		c.add(finding.Error{
			Message: fmt.Sprintf("there is no schema %q, which the discriminator maps %s to", v.text, what), At: v.place(), Word: v.text,
			Hint: finding.Suggest(v.text, schemas.members()...),
		})
		return
	}
	if v.target = c.resolve(v, v.text, 0); v.target != nil {
		c.pending = append(c.pending, reference{v, v.target, document.fields["components"].fields["schemas"].each})
	}
}
