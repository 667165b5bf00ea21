package openapi

import (
	"net/url"
	"path"
	"strings"

	"gateway/internal/finding"
)

// self checks the URI that a contract gives itself (3.2.0 §4.1.2.2.1).
func (c *checker) self() {
	v := c.root.get("$self")
	if v == nil || v.kind != isString {
		return
	}
	if u, err := url.Parse(v.text); err != nil || v.text == "" || strings.Contains(v.text, "#") || u.Opaque != "" {
		c.add(finding.Error{
			Message: `"$self" must be the URI of the contract, without a fragment`, At: v.place(), Word: v.text,
		})
	}
}

// uri is what a file calls itself, "" if it does not.
func (f *file) uri() string {
	if f.root.get("openapi") == nil {
		return ""
	}
	return f.root.str("$self")
}

// within is the name of the file that a reference in f goes to: "" for f itself, which
// may be called by its own URI.
func (f *file) within(name string) string {
	if name != "" && name == f.uri() {
		return ""
	}
	return name
}

// moved tells that the file calls itself otherwise than it is called in its directory.
// What it refers to would then be somewhere else too: references start from that URI.
func (f *file) moved() bool {
	self := f.uri()
	u, err := url.Parse(self)
	if self == "" || err != nil {
		return false
	}
	if u.Host == "" && !path.IsAbs(u.Path) {
		return path.Clean(u.Path) != path.Base(f.name)
	}
	return path.Base(u.Path) != path.Base(f.name)
}
