package change

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"

	core "gateway/internal/change"
	"gateway/internal/openapi"
)

// Way is how the requests of one operation of an older version reach the service. It is
// made at load and never changes.
type Way struct {
	carrier *core.Carrier // nil: the messages stay as they are
	// from and to are what stands before the path of the operation in both versions, as
	// the service is to see it: "/v1" and "/v2".
	from, to string
	// version is the one that the service speaks, and field tells it.
	version, field string
	// names are the changes, for the record.
	names string
	// method and public are the operation's, service is the path template that the
	// service has for it.
	method, public, service string
	locator                 *locator
	retell                  func(query string) string
	tag                     tag
	series                  *series
}

// Place is what a way has to know about an operation in one version.
type Place struct {
	Version   string
	Operation *openapi.Operation
	// Public is the path template under which clients reach it.
	Public string
	// Upstream tells what the service sees of a public path.
	Upstream func(path string) string
	// Retell makes a query name the version; nil where queries name none.
	Retell func(query string) string
}

// prefix returns what stands before the operation's path.
func (p *Place) prefix() string {
	template := p.Operation.Template
	if rest, ok := strings.CutPrefix(template, "/"+p.Version+"/"); ok {
		template = "/" + rest
	}
	return strings.TrimSuffix(p.Upstream(p.Public), template)
}

// NewWay makes the way from one place to another. carrier is nil where nothing about the
// messages changes; field tells the service its version; hash stands for all that decides
// what becomes of a response.
func NewWay(api string, from, to Place, carrier *core.Carrier, field, hash string) *Way {
	w := &Way{method: from.Operation.Method, public: from.Public, service: to.Upstream(to.Public), retell: to.Retell, carrier: carrier, from: from.prefix(), to: to.prefix(), version: to.Version, field: field, series: newSeries(api, from.Version)}
	w.tag = newTag(from.Version, hash)
	if carrier != nil {
		w.names = namesOf(carrier.Changes())
	}
	return w
}

// maxNames bounds how many changes a record names.
const maxNames = 3

func namesOf(changes []*core.Change) string {
	var names []string
	for i, c := range changes {
		if i == maxNames {
			names = append(names, fmt.Sprintf("%d more", len(changes)-maxNames))
			break
		}
		name := filepath.Base(c.File)
		names = append(names, strings.TrimSuffix(name, filepath.Ext(name)))
	}
	return strings.Join(names, ", ")
}

// point points a request at the version that the service speaks: the path and the field
// that tells the version. The validators of its conditions lose what the gateway has
// put on them.
func (w *Way) point(r *http.Request) {
	if rest, ok := strings.CutPrefix(r.URL.Path, w.from); ok {
		r.URL.Path = rooted(w.to + rest)
		if r.URL.RawPath != "" {
			raw, ok := strings.CutPrefix(r.URL.RawPath, w.from)
			r.URL.RawPath = ""
			if ok {
				r.URL.RawPath = rooted(w.to + raw)
			}
		}
		r.RequestURI = r.URL.RequestURI()
	}
	if w.retell != nil && r.URL.RawQuery != "" {
		r.URL.RawQuery = w.retell(r.URL.RawQuery)
		r.RequestURI = r.URL.RequestURI()
	}
	w.tell(r)
	w.tag.strip(r.Header)
}

func (w *Way) tell(r *http.Request) {
	if values := r.Header[w.field]; len(values) == 1 {
		values[0] = w.version // it is this request's own
		return
	}
	r.Header[w.field] = []string{w.version}
}

func rooted(path string) string {
	if path == "" {
		return "/"
	}
	return path
}
