package api

import (
	"net/http"

	"gateway/internal/exchange"
	"gateway/internal/openapi"
	"gateway/modules/docs"
)

// pages are the paths of the gateway itself: the pages about the reasons, which
// problem documents link to, and the documentation of the contracts. They yield to
// operations of the contracts.
type pages struct {
	reasons *docs.Pages
	site    *docs.Site // nil unless an api has docs
}

func newPages(reasons *docs.Pages, offers []*offer) (p *pages, err error) {
	p = &pages{reasons: reasons}
	var documents []docs.Document
	for _, o := range offers {
		if o.api.Docs {
			documents = append(documents, o.documents()...)
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

// documents describes the contracts for the documentation.
func (o *offer) documents() []docs.Document {
	var list []docs.Document
	for _, v := range o.versions {
		d := docs.Document{
			API: o.api.Name, Version: v.name, Contract: v.contract,
			Public:    func(op *openapi.Operation) string { return v.public(o.api.bases(op)[0] + op.Template) },
			RateLimit: len(o.api.limits) > 0,
			Validate:  enforced(o.api.Validate.Mode),
			Responses: o.api.Validate.EnforcesResponses,
			Mock:      o.api.Mock != nil,
			Versioned: o.versioning != nil,
		}
		if a := o.api.Auth; a != nil && !a.Off && enforced(a.Mode) {
			d.Auth, d.Anonymous, d.KeyField = true, a.Optional, a.KeyField()
			d.Bearer = len(a.Issuers) > 0 && len(a.TokenFrom) == 0
		}
		if o.versioning != nil {
			d.Deprecated, d.Sunset = o.versioning.Dates(v.name)
		}
		d.Changes = o.changesOf(v.name)
		list = append(list, d)
	}
	return list
}

// enforced tells whether a policy refuses.
func enforced(mode exchange.Mode) bool { return mode == "" || mode == exchange.ModeEnforce }
