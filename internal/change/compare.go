package change

import (
	"fmt"

	"gateway/internal/openapi"
)

// comparison follows what the changes have made through the schemas of the newer
// contract: what they speak of has to be there.
type comparison struct {
	*boundary
	seen map[[2]*shape]bool
}

// compare compares a body after all changes with its schema in the newer contract.
func (b *boundary) compare(p *compiled, newer openapi.Schema) {
	if newer == "" {
		return
	}
	c := comparison{b, make(map[[2]*shape]bool)}
	c.pair(p.after, b.new.sketch(newer))
}

func (c *comparison) pair(made, declared *shape) {
	key := [2]*shape{made, declared}
	if c.seen[key] || made.unknown || declared.blank() {
		return
	}
	c.seen[key] = true
	c.note(made, declared)
	theirs := declared.family(false)
	for _, f := range made.family(false) {
		for _, name := range f.order {
			c.member(f.members[name], name, declared, theirs)
		}
		for _, token := range []string{every} {
			inner := f.below(token, false)
			if len(inner) == 0 {
				continue
			}
			for _, d := range declared.below(token, false) {
				for _, m := range inner {
					c.pair(m, d)
				}
			}
		}
	}
}

// member looks for a member in the newer contract.
func (c *comparison) member(m *slot, name string, declared *shape, theirs []*shape) {
	found := holders(theirs, name)
	for _, h := range found {
		if m.by != nil {
			c.mark(m.by.change, h.members[name].place)
		}
		c.pair(m.shape, h.members[name].shape)
	}
	if len(found) > 0 {
		return
	}
	if others := declared.below(name, false); len(others) > 0 { // a map
		for _, d := range others {
			c.pair(m.shape, d)
		}
		return
	}
	if m.by != nil {
		c.add(m.by.at.flaw(fmt.Sprintf("%s has no member %q there", c.newer.label(), name), nearest(name, declared.memberNames())))
	}
}

// note remembers the place in the newer contract of what a change speaks of.
func (c *comparison) note(made, declared *shape) {
	if made.place == "" || declared.place == "" {
		return
	}
	for _, change := range c.changes {
		if change.cover[c.part+made.place] {
			c.mark(change, declared.place)
		}
	}
}
