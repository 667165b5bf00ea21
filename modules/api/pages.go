package api

import (
	"net/http"

	"gateway/modules/docs"
)

// pages are the paths of the gateway itself: the pages about the reasons, which
// problem documents link to, and the documentation of the contracts. They yield to
// operations of the contracts.
type pages struct {
	reasons *docs.Pages
	site    *docs.Site // nil unless an api has docs
}

func newPages(apis []*API) (*pages, error) {
	reasons, err := docs.NewPages()
	if err != nil {
		return nil, err
	}
	p := &pages{reasons: reasons}
	var documents []docs.Document
	for _, a := range apis {
		if a.Docs {
			documents = append(documents, a.documents()...)
		}
	}
	if len(documents) > 0 {
		p.site, err = docs.NewSite(docs.Base, documents)
	}
	return p, err
}

func (p *pages) owns(path string) bool {
	return p.reasons.Owns(path) || p.site != nil && p.site.Owns(path)
}

// ServeHTTP implements http.Handler for the paths that the pages own.
func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.reasons.Owns(r.URL.Path) {
		p.reasons.ServeHTTP(w, r)
		return
	}
	p.site.ServeHTTP(w, r)
}

// documents describes the API's contracts for the documentation.
func (a *API) documents() []docs.Document {
	var list []docs.Document
	for _, v := range a.versions {
		base := a.bases(v.contract)[0]
		d := docs.Document{
			API: a.Name, Version: v.name, Contract: v.contract,
			Public:    func(template string) string { return v.public(base + template) },
			Auth:      a.Auth != nil && !a.Auth.Off,
			RateLimit: len(a.limits) > 0,
			Validate:  true,
			Versioned: a.Versioning != nil,
		}
		if a.Versioning != nil {
			d.Deprecated, d.Sunset = a.Versioning.Dates(v.name)
		}
		list = append(list, d)
	}
	return list
}
