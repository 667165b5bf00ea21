package validate

import (
	"runtime"
	"sync"
)

// checks are reused; a check lives as long as one decision.
var checks = sync.Pool{New: func() any { return &check{builder: builder{document: new(document)}} }}

// heavy are the checks of bodies that are longer than one block. There are as many as
// processors: a check only computes, so more at once would not be faster, and each
// needs memory for the body in one piece and a list of its values.
var heavy = func() chan *check {
	all := make(chan *check, runtime.GOMAXPROCS(0))
	for range cap(all) {
		all <- &check{builder: builder{document: new(document)}, heavy: true}
	}
	return all
}()

// What a check keeps for the next one: of values, and in bytes.
const (
	maxHeavyValues = 1 << 17
	maxHeavyKept   = 4 << 20
)

// newCheck returns a check for a body of so many bytes, decoded.
func newCheck(bytes int) *check {
	if bytes > maxBlock {
		return <-heavy
	}
	return checks.Get().(*check)
}

// release gives a check back.
func (c *check) release() {
	c.document.text, c.bounds, c.reason, c.err, c.sole = "", nil, nil, nil, nil
	clear(c.violations)
	c.violations = c.violations[:0]
	c.preferText = false
	if c.heavy {
		c.trim(maxHeavyValues, maxHeavyKept)
		heavy <- c
		return
	}
	c.trim(maxKept, maxBlock)
	checks.Put(c)
}

// trim leaves what is larger than it should be to the garbage collector.
func (c *check) trim(values, bytes int) {
	if cap(c.values) > values {
		c.values = nil
	}
	if cap(c.violations) > maxKept {
		c.violations = nil
	}
	for _, buffer := range []*[]byte{&c.text, &c.whole, &c.decoded} {
		if cap(*buffer) > bytes {
			*buffer = nil
		}
	}
}
