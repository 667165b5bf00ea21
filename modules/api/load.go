package api

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.uber.org/zap"

	"gateway/internal/exchange"
	"gateway/internal/finding"
	"gateway/internal/openapi"
	"gateway/modules/auth"
	"gateway/modules/versioning"
)

// intake is one reading of all contracts of an API.
type intake struct {
	found []openapi.Found
	// trouble is why nobody knows which contracts there are.
	trouble  error
	readings []*reading
	// changes tells the change files of all versions apart from others.
	changes string
}

// reading is one reading of one contract.
type reading struct {
	openapi.Found
	copied
	// version is nil if the contract cannot be used.
	version *version
}

// take reads the contracts that were found. What is still as it was before is taken
// from there.
func (a *API) take(found []openapi.Found, trouble error, before *intake) *intake {
	t := &intake{found: found, trouble: trouble, changes: lookAtChanges(found)}
	for _, f := range found {
		r := before.find(f)
		if r == nil || !r.same() {
			r = &reading{Found: f, copied: a.origin.read(f)}
			if r.err == nil {
				r.version, r.err = a.load(f, r.contract)
			}
			r.frame()
		}
		t.readings = append(t.readings, r)
	}
	return t
}

// frame takes the lines around findings from a contract that is not in a file.
func (r *reading) frame() {
	if r.source == nil || r.err == nil {
		return
	}
	for _, e := range findingsOf(r.err) {
		if e.At.File == r.File {
			_ = e.In(r.source)
		}
	}
}

func (t *intake) find(f openapi.Found) *reading {
	if t != nil {
		for _, r := range t.readings {
			if r.Found == f {
				return r
			}
		}
	}
	return nil
}

// holds tells whether reading everything again would give the same.
func (t *intake) holds(found []openapi.Found, trouble error) bool {
	if !slices.Equal(t.found, found) || t.changes != lookAtChanges(found) || fmt.Sprint(t.trouble) != fmt.Sprint(trouble) {
		return false
	}
	return !slices.ContainsFunc(t.readings, func(r *reading) bool { return !r.same() })
}

// err returns everything that is wrong with the contracts, and stops the load.
func (t *intake) err() error {
	var all finding.List
	for _, r := range t.readings {
		if r.err == nil || r.late {
			continue
		}
		var foreign error
		if all, foreign = add(all, r.err); foreign != nil {
			return foreign
		}
	}
	return all.Err()
}

// contracts returns all contracts, or nil if one of them is not there yet.
func (t *intake) contracts() []*openapi.Contract {
	var all []*openapi.Contract
	for _, r := range t.readings {
		if r.version == nil {
			return nil
		}
		all = append(all, r.version.contract)
	}
	return all
}

// add adds the findings in err to a list, once each. What is no finding is returned.
func add(list finding.List, err error) (finding.List, error) {
	var more finding.List
	if one, ok := errors.AsType[*finding.Error](err); ok {
		more = finding.List{one}
	}
	if several, ok := errors.AsType[finding.List](err); ok {
		more = several
	}
	if more == nil {
		return list, err
	}
	for _, e := range more {
		if !slices.ContainsFunc(list, func(other *finding.Error) bool { return other.At == e.At && other.Message == e.Message }) {
			list = append(list, e)
		}
	}
	return list, nil
}

// load makes the routes of one contract.
func (a *API) load(found openapi.Found, contract *openapi.Contract) (*version, error) {
	prepared, err := a.bind(contract)
	if err != nil {
		return nil, err
	}
	answers, err := a.answers(contract)
	if err != nil {
		return nil, err
	}
	life, err := versioning.ReadContract(found.Version, contract)
	if err != nil {
		return nil, err
	}
	v := &version{
		life: life, name: found.Version, contract: contract, versioning: a.Versioning,
		other: &exchange.Route{API: a.Name, Version: found.Version, Template: exchange.Other},
	}
	for i, op := range contract.Operations {
		ending, err := versioning.EndingOf(op)
		if err != nil {
			return nil, err
		}
		for n, base := range a.bases(op) {
			route := &exchange.Route{
				API: a.Name, Version: v.name, Method: op.Method, Template: v.public(base + op.Template),
				Operation: op.ID, Source: fmt.Sprintf("%s:%d", op.Source.File, op.Source.Line), Parameters: op.Matrix(), Prepared: prepared[i], Answer: answers[i],
			}
			v.parameters = v.parameters || route.Parameters
			if ending != nil {
				v.end(route, ending)
			}
			v.operations, v.bases = append(v.operations, op), append(v.bases, n)
			v.entries = append(v.entries, openapi.Entry[*exchange.Route]{Method: op.Method, Template: route.Template, Value: route, Source: op.Source})
		}
	}
	if v.router, err = openapi.NewRouter(v.entries); err != nil {
		return nil, err
	}
	contract.Settle()
	for _, doubt := range contract.Warnings {
		a.logger.Warn(doubt.Message, zap.Stringer("at", doubt.At), zap.String("hint", doubt.Hint))
	}
	return v, nil
}

// end notes that an operation ends before its version.
func (v *version) end(route *exchange.Route, ending *versioning.Ending) {
	if v.endings == nil {
		v.endings = make(map[*exchange.Route]*versioning.Ending)
	}
	v.endings[route] = ending
}

// bind lets every policy prepare itself for every operation.
func (a *API) bind(contract *openapi.Contract) ([][exchange.PolicyCount]any, error) {
	if err := a.secure(contract); err != nil {
		return nil, err
	}
	var found finding.List
	prepared := make([][exchange.PolicyCount]any, len(contract.Operations))
	policies := a.policies()
	for i, op := range contract.Operations {
		for _, p := range policies {
			var err error
			if prepared[i][p.slot], err = p.Bind(op, contract); err == nil {
				continue
			}
			if found, err = add(found, err); err != nil {
				return nil, err
			}
		}
	}
	return prepared, found.Err()
}

// secure refuses a contract that demands security where nothing verifies it.
func (a *API) secure(contract *openapi.Contract) error {
	if a.Auth != nil {
		return nil
	}
	var demanding []*openapi.Operation
	for _, op := range contract.Operations {
		if auth.Demanded(op) {
			demanding = append(demanding, op)
		}
	}
	if len(demanding) == 0 {
		return nil
	}
	op, others := demanding[0], "demands"
	if n := len(demanding) - 1; n > 0 {
		others = fmt.Sprintf("and %d more demand", n)
	}
	return &finding.Error{
		Message: fmt.Sprintf("%s %s %s security, but api %s (%s) has no auth", op.Method, op.Template, others, a.Name, a.Source),
		At:      finding.Position(op.Source),
		Hint:    "add auth <issuer> to the api block, or auth off if the service verifies tokens itself",
	}
}

// bases returns the base paths of an operation, "" for none.
func (a *API) bases(op *openapi.Operation) []string {
	if a.Base != nil {
		return []string{strings.TrimSuffix(*a.Base, "/")}
	}
	return op.Bases
}
