// Package problem is the vocabulary of refusals: a closed catalogue of reasons,
// the refusal of one request, and its rendering as problem details (RFC 9457).
//
// A reason is one word on every surface: the `code` of the response body, the
// `reason` of the log line, the label of the metric, the attribute of the span and
// the name of the page under /docs/errors/. Nothing else may invent one.
package problem

// Reason is one entry of the catalogue. Reasons are compared by pointer; the
// variables of the catalogue are the only ones.
type Reason struct {
	// Code is "stage.reason", stable for ever.
	Code string
	// Status is the HTTP status a refusal has unless it overrides it.
	Status int
	// Title is the problem's title: one short sentence without a full stop, the
	// same for every occurrence (RFC 9457 §3.1.3).
	Title string
	// Hint tells the caller what to do next, in one sentence.
	Hint string
	// About explains, on the page of the reason, when it happens and what the
	// operator of the gateway can look at. Markdown paragraphs.
	About string
	// Type is the registered problem type that says the same, if there is one
	// (RFC 9457 §4.2); then the page about the reason is the document's `help`. Plain
	// text. "" makes the page the type.
	Type string
	// Public is what the client is told instead, where the exact reason would help
	// an attacker more than a caller. Nil means the reason itself is public.
	Public *Reason
}

// Face returns the reason as the client sees it.
func (r *Reason) Face() *Reason {
	if r.Public != nil {
		return r.Public
	}
	return r
}

// PageURL is where the page about the reason is served: a URL reference relative to
// the gateway that refused (RFC 9457 §3.1.1). Reasons without a registered type have it
// as their type.
func (r *Reason) PageURL() string {
	if r.Code == "" {
		return "about:blank" // a bare status (RFC 9457 §4.2.1)
	}
	return PagesPath + r.Code
}

// PagesPath is the path under which the pages about the reasons are served.
const PagesPath = "/docs/errors/"

// Find returns the reason with the given code, or nil.
func Find(code string) *Reason { return byCode[code] }

// Catalogue returns all reasons, in the order of the pipeline. The slice is the
// caller's own.
func Catalogue() []*Reason { return append([]*Reason(nil), catalogue...) }

var byCode = func() map[string]*Reason {
	m := make(map[string]*Reason, len(catalogue))
	for _, r := range catalogue {
		if m[r.Code] != nil {
			panic("problem: reason " + r.Code + " is in the catalogue twice")
		}
		m[r.Code] = r
	}
	return m
}()
