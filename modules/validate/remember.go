package validate

import (
	"sync/atomic"

	"gateway/internal/problem"
)

// maxMemories bounds how many refusals a parameter remembers; the keywords that can
// be broken are fewer.
const maxMemories = 24

// memories are the refusals of requests in which one parameter broke one keyword.
// Such a refusal says nothing about the value, so it is made once and shared. The
// zero value remembers nothing.
type memories struct{ list atomic.Pointer[[]memory] }

type memory struct {
	rule, version string
	refusal       *problem.Refusal
}

func (m *memories) find(rule, version string) *problem.Refusal {
	list := m.list.Load()
	if list == nil {
		return nil
	}
	for i := range *list {
		if known := &(*list)[i]; known.rule == rule && known.version == version {
			return known.refusal
		}
	}
	return nil
}

// keep remembers a refusal. Of two requests that do so at once one may win; the other
// is made again.
func (m *memories) keep(rule, version string, refusal *problem.Refusal) {
	old := m.list.Load()
	var list []memory
	if old != nil {
		list = *old
	}
	if len(list) >= maxMemories {
		return
	}
	grown := append(list[:len(list):len(list)], memory{rule, version, refusal})
	m.list.CompareAndSwap(old, &grown)
}

// composed tells that other schemas have a say about the value as well.
func (n *node) composed() bool {
	return n.ref != nil || n.allOf != nil || n.anyOf != nil || n.oneOf != nil || n.not != nil || n.when != nil
}

// soleRule returns the one keyword that a scalar breaks, if what there is to say
// about it does not depend on the value; otherwise "". Hints about an enum or a const
// do.
func (d *document) soleRule(n *node) string {
	if n.never || n.fixed || n.enum != nil || n.composed() || len(d.values) != 1 {
		return ""
	}
	if !n.acceptsType(d, 0) {
		return "type"
	}
	rule, broken := "", 0
	add := func(ok bool, keyword string) {
		if !ok {
			rule = keyword
			broken++
		}
	}
	x := explainer{document: d}
	switch d.values[0].kind {
	case kindNumber:
		x.number(n, x.literal(0), add)
	case kindString:
		x.text(n, d.string(0), add)
	}
	if broken != 1 {
		return ""
	}
	return rule
}
