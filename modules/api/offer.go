package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/exchange"
	"gateway/internal/finding"
	"gateway/internal/problem"
	"gateway/modules/auth"
	"gateway/modules/versioning"
)

// offer is what an API offers at one time: its contracts and everything that was made
// of them. It never changes: a contract that has changed makes a new one, and a
// request keeps to the one that it met first.
type offer struct {
	api        *API
	versions   []*version
	versioning *versioning.Handler // nil if there are no versions
	carriage
	flow caddyhttp.Handler
}

// offer puts versions together.
func (a *API) offer(versions []*version, chooser *versioning.Handler, changes string) (*offer, error) {
	o := &offer{api: a, versions: versions, versioning: chooser}
	var err error
	if o.carriage, err = a.carry(versions, chooser, changes); err != nil {
		return nil, err
	}
	o.flow = link(router{o}, a.inside)
	if chooser != nil {
		o.flow = link(chooser, o.flow)
		if chooser.Claim() != nil {
			o.flow = link(auth.Ahead{Handler: a.Auth}, o.flow)
		}
	}
	return o, nil
}

// serve serves a request. One that ends before its operation is known counts for the API,
// and for its version if that is known.
func (o *offer) serve(x *exchange.Exchange, w http.ResponseWriter, r *http.Request) error {
	x.Route = o.api.other
	err := o.flow.ServeHTTP(w, r)
	if x.Route == o.api.other && x.Version != "" {
		if v := o.version(x.Version); v != nil {
			x.Route = v.other
		}
	}
	return err
}

// first is the offer at load. Contracts that are fetched may be missing in it.
func (a *API) first(t *intake) (o *offer, troubles map[string]error, err error) {
	troubles = make(map[string]error)
	var versions []*version
	for _, r := range t.readings {
		if r.version == nil {
			troubles[r.Version] = r.err
			continue
		}
		versions = append(versions, r.version)
	}
	if len(versions) == 0 {
		return &offer{api: a, flow: waiting{a}}, troubles, nil
	}
	chooser, err := a.chooser(versions)
	if err != nil {
		return nil, nil, err
	}
	o, err = a.offer(versions, chooser, t.changes)
	return o, troubles, err
}

// waiting answers for an API whose contract has not been fetched yet.
type waiting struct{ api *API }

// ServeHTTP implements caddyhttp.Handler.
func (s waiting) ServeHTTP(_ http.ResponseWriter, r *http.Request) error {
	x := exchange.From(r)
	x.Route = s.api.other
	refusal := problem.New(problem.RouteContractUnavailable)
	if service, ok := s.api.origin.(*service); ok {
		refusal.RetryAfter = service.retryAfter()
	}
	return x.Refuse(exchange.API, refusal)
}

// next is the offer after a reading: with the contracts that can be used, and with
// those before in place of the others. It returns what is wrong by version.
func (o *offer) next(t *intake) (*offer, map[string]error) {
	troubles := make(map[string]error)
	if t.trouble != nil {
		for _, v := range o.versions {
			troubles[v.name] = t.trouble
		}
		return o, troubles
	}
	var versions []*version
	for _, r := range t.readings {
		before := o.version(r.Version)
		v := r.version
		if (r.Version == "") != (o.versioning == nil) {
			v, r.err = nil, o.reshaped(r.File)
		}
		if v == nil {
			troubles[r.Version], v = r.err, before
		}
		if v != nil {
			versions = append(versions, v)
		}
	}
	for _, v := range o.versions {
		if !slices.ContainsFunc(t.readings, func(r *reading) bool { return r.Version == v.name }) {
			versions = append(versions, v)
			troubles[v.name] = o.gone(v)
		}
	}
	if slices.Equal(versions, o.versions) && t.changes == o.seen {
		return o, troubles
	}
	return o.with(versions, t.changes, troubles)
}

// with returns an offer of other versions.
func (o *offer) with(versions []*version, changes string, troubles map[string]error) (*offer, map[string]error) {
	chooser, err := o.api.chooser(versions)
	var next *offer
	if err == nil {
		next, err = o.api.offer(versions, chooser, changes)
	}
	if err != nil {
		for _, v := range versions {
			troubles[v.name] = err
		}
		return o, troubles
	}
	return next, troubles
}

// chooser returns the versioning that knows these versions and when they end; nil if
// there are none.
func (a *API) chooser(versions []*version) (*versioning.Handler, error) {
	if a.Versioning == nil {
		return nil, nil
	}
	contracts := make([]versioning.Contract, len(versions))
	for i, v := range versions {
		contracts[i] = v.life
	}
	return a.Versioning.WithContracts(contracts)
}

// gone says that a contract is not there any more. Ending a version by accident would
// break its clients, so that takes a word of the operator.
func (o *offer) gone(v *version) error {
	return &finding.Error{
		Message: fmt.Sprintf("the contract of api %s has gone, and is served on as it was", v.label(o.api)),
		At:      finding.Position{File: v.contract.File}, Hint: "put it back; or gateway reload --force, if it should end",
	}
}

// reshaped says that a contract with versions has become one without, or the reverse.
func (o *offer) reshaped(file string) error {
	return &finding.Error{
		Message: fmt.Sprintf("the contracts of api %s had versions and have none now, or the reverse; that takes a reload", o.api.Name),
		At:      finding.Position{File: file}, Hint: "gateway reload --force",
	}
}

func (v *version) label(a *API) string {
	if v.name == "" {
		return a.Name
	}
	return a.Name + " " + v.name
}

// version returns the version that versioning chose. An API without versions has
// exactly one contract.
func (o *offer) version(name string) *version {
	for _, v := range o.versions {
		if v.name == name {
			return v
		}
	}
	return nil
}

// parameters tells whether the path of some operation may hold ";".
func (o *offer) parameters() bool {
	return slices.ContainsFunc(o.versions, func(v *version) bool { return v.parameters })
}

// awaits tells whether the path may be that of a contract that has not come yet.
func (o *offer) awaits(path string) bool {
	if len(o.versions) > 0 {
		return false
	}
	if o.api.Base == nil || *o.api.Base == "/" {
		return true
	}
	rest, ok := strings.CutPrefix(path, *o.api.Base)
	return ok && (rest == "" || rest[0] == '/')
}

// knows tells whether any version has the path, with whatever method.
func (o *offer) knows(path string) bool {
	for _, v := range o.versions {
		if match := v.router.Lookup("", path, nil); match.Allow != "" {
			return true
		}
	}
	return false
}
