package change

import (
	"slices"
)

// forward applies the changes of one boundary, in their order.
func (p *program) forward(d *document) *Failure {
	for i := range p.acts {
		a := &p.acts[i]
		d.turn++
		d.chosen = d.chosen[:0]
		a.ahead.choose(d, &d.root)
		for _, v := range slices.Backward(d.chosen) { // the inner ones first
			for _, s := range a.steps {
				s.forward(d, v)
			}
		}
		if d.failed.message != "" {
			return &Failure{a.change, d.failed.pointer, d.failed.message}
		}
	}
	return nil
}

// back takes the changes of one boundary back, the last one first.
func (p *program) back(d *document) *Failure {
	for i := len(p.acts) - 1; i >= 0; i-- {
		a := &p.acts[i]
		d.turn++
		d.chosen = d.chosen[:0]
		a.behind.choose(d, &d.root)
		for _, v := range slices.Backward(d.chosen) {
			for _, s := range slices.Backward(a.steps) {
				s.back(d, v)
			}
		}
		if d.failed.message != "" {
			return &Failure{a.change, d.failed.pointer, d.failed.message}
		}
	}
	return nil
}
