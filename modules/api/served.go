package api

import (
	"slices"
)

// served is what a site answers requests from at one time. It never changes.
type served struct {
	offers []*offer // beside Handler.APIs
	// parameters tells that some API's paths may hold ";".
	parameters bool
	pages      *pages
}

// begin serves the first offers.
func (h *Handler) begin(offers []*offer) error {
	h.changing.Lock()
	defer h.changing.Unlock()
	return h.serveNow(offers)
}

// change serves another offer of one API. On an error everything stays as it was.
func (h *Handler) change(i int, next *offer) error {
	h.changing.Lock()
	defer h.changing.Unlock()
	offers := slices.Clone(h.now.Load().offers)
	before := offers[i]
	offers[i] = next
	if err := h.serveNow(offers); err != nil {
		return err
	}
	for _, v := range before.versions {
		if !slices.Contains(next.versions, v) {
			v.release(h.app)
		}
	}
	return nil
}

// serveNow makes a new now.
func (h *Handler) serveNow(offers []*offer) error {
	if err := disjoint(offers); err != nil {
		return err
	}
	next := &served{offers: offers}
	var err error
	if next.pages, err = newPages(h.reasons, offers); err != nil {
		return err
	}
	for _, o := range offers {
		next.parameters = next.parameters || o.parameters()
		for _, v := range o.versions {
			v.prepare(h.app)
		}
	}
	h.now.Store(next)
	return nil
}

// owner returns the offer of the API that has the path, or nil. The only API of a
// site also has the paths that nobody else has, so that its versioning can say what
// is wrong.
func (s *served) owner(path string) *offer {
	if len(s.offers) == 1 && !s.pages.owns(path) {
		return s.offers[0]
	}
	for _, o := range s.offers {
		if o.knows(path) {
			return o
		}
	}
	for _, o := range s.offers {
		if o.awaits(path) && !s.pages.owns(path) {
			return o
		}
	}
	return nil
}
