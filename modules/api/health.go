package api

import (
	"slices"
	"strings"
	"sync"
	"time"

	"gateway/internal/finding"
)

// ContractHealth tells what became of one contract of an API.
type ContractHealth struct {
	API, Version, File string
	// Served is when the contract that is served was read, zero while there is none.
	Served time.Time
	// Findings tell why the newest contract is not the one that is served.
	Findings finding.List
	// Confirmed is when the service last said what its contract is, and Trouble why it
	// cannot be asked now; of contracts that are fetched only.
	Confirmed time.Time
	Trouble   string
}

// Contracts returns what became of every contract of the config, by API and version.
func (a *App) Contracts() []ContractHealth {
	return healths(func(api *API) bool { return api.app == a })
}

// healths returns what became of the contracts of some of the live APIs.
func healths(wanted func(*API) bool) []ContractHealth {
	var all []ContractHealth
	live.each(func(api *API) {
		if wanted(api) {
			all = append(all, api.contracts()...)
		}
	})
	slices.SortStableFunc(all, func(x, y ContractHealth) int {
		return strings.Compare(x.API+"\x00"+x.Version, y.API+"\x00"+y.Version)
	})
	return all
}

// health is what became of the contracts of one API.
type health struct {
	mu     sync.Mutex
	states []ContractHealth
}

// contracts returns what became of the contracts of the API.
func (a *API) contracts() []ContractHealth {
	a.health.mu.Lock()
	defer a.health.mu.Unlock()
	states := slices.Clone(a.health.states)
	if service, ok := a.origin.(*service); ok {
		for i := range states {
			states[i].Confirmed, states[i].Trouble = service.state()
		}
	}
	return states
}

// settle takes the contracts after a reading, and what is wrong by version. It
// returns the versions with something wrong that was not known yet.
func (h *health) settle(next, before *offer, troubles map[string]error, now time.Time) (fresh []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	old := h.states
	h.states = nil
	known := func(name string) ContractHealth {
		for _, state := range old {
			if state.Version == name {
				return state
			}
		}
		return ContractHealth{API: next.api.Name, Version: name, File: next.api.Contract}
	}
	for _, v := range next.versions {
		state := known(v.name)
		state.File = v.contract.File
		if before == nil || before.version(v.name) != v {
			state.Served = now
		}
		h.states = append(h.states, state)
	}
	for name := range troubles {
		if next.version(name) == nil {
			h.states = append(h.states, known(name))
		}
	}
	for i := range h.states {
		state := &h.states[i]
		found := findingsOf(troubles[state.Version]).Keep()
		if found != nil && found.Error() != state.Findings.Error() {
			fresh = append(fresh, state.Version)
		}
		state.Findings = found
	}
	slices.Sort(fresh)
	return fresh
}

// findingsOf returns what an error is about as findings.
func findingsOf(err error) finding.List {
	if err == nil {
		return nil
	}
	list, foreign := add(nil, err)
	if foreign != nil {
		return finding.List{{Message: foreign.Error()}}
	}
	return list
}

// live are the APIs of all configs that are in use.
var live = &register{apis: make(map[*API]struct{})}

// register is a set of APIs.
type register struct {
	mu   sync.Mutex
	apis map[*API]struct{}
}

func (r *register) enter(a *API) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.apis[a] = struct{}{}
}

func (r *register) leave(a *API) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.apis, a)
}

func (r *register) each(visit func(*API)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for a := range r.apis {
		visit(a)
	}
}
