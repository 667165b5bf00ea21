package test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"gateway/internal/change"
	"gateway/internal/compat"
	"gateway/internal/configured"
	"gateway/internal/finding"
	"gateway/internal/openapi"
	"gateway/modules/validate"
)

// api is one API with its contracts, oldest first.
type api struct {
	name  string
	found []openapi.Found
}

// Result is what became of the clients of one version.
type Result struct {
	API string
	// Older and Newer are the versions; the same if there is nothing before it.
	Older, Newer string
	// Breaking changes are covered by a change file, waived with a reason, or neither.
	Breaking, Covered, Waived, Uncovered int
	// Changes are the change files of the newer version.
	Changes int
	// Bodies is how many kinds of bodies and sets of parameters were tried, with so many
	// Documents.
	Bodies, Documents int
	// Open are the breaks that nothing covers.
	Open            []compat.Change
	Counterexamples []change.Counterexample
}

// failed tells whether any client would notice.
func failed(results []Result) bool {
	return slices.ContainsFunc(results, func(r Result) bool { return r.Uncovered > 0 || len(r.Counterexamples) > 0 })
}

// wanted finds the APIs that are named, or all of the configuration.
func wanted(args []string, config string) ([]api, error) {
	var known []configured.API
	if config != "" {
		var err error
		if known, err = configured.Read(config); err != nil {
			return nil, err
		}
	}
	if len(args) == 0 {
		if config == "" {
			return nil, errors.New("there is no Caddyfile in this folder; name folders with versions, or a configuration with --config")
		}
		var list []api
		for _, a := range known {
			if a.Remote() {
				continue // one version, and nothing is kept of those before
			}
			found, err := a.Contracts()
			if err != nil {
				return nil, err
			}
			list = append(list, api{a.Name, found})
		}
		return list, nil
	}
	var list []api
	for _, name := range args {
		a, err := one(name, known, config)
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
}

// one finds one API by its name, or a folder.
func one(name string, known []configured.API, config string) (api, error) {
	names := make([]string, len(known))
	for i := range known {
		if names[i] = known[i].Name; names[i] == name && !known[i].Remote() {
			found, err := known[i].Contracts()
			return api{name, found}, err
		}
	}
	if filepath.Base(name) == name && config != "" {
		return api{}, fmt.Errorf("%s has no api %s with versions in a folder; %s", config, name, finding.Suggest(name, names...))
	}
	found, err := openapi.Discover(name)
	return api{filepath.Base(name), found}, err
}

// test tries every two neighbouring versions.
func (a *api) test() ([]Result, error) {
	if len(a.found) < 2 {
		return []Result{{API: a.name, Older: a.found[0].Version, Newer: a.found[0].Version}}, nil
	}
	var results []Result
	for i := 1; i < len(a.found); i++ {
		report, plan, err := compat.Between(a.found[i-1], a.found[i])
		if err != nil {
			return nil, err
		}
		r := Result{API: a.name, Older: a.found[i-1].Version, Newer: a.found[i].Version, Changes: len(plan.Changes()), Open: report.Breaks()}
		for _, c := range report.Changes {
			switch {
			case c.Severity != compat.Breaking:
				continue
			case c.Covered != "":
				r.Covered++
			case c.Waived != "":
				r.Waived++
			}
			r.Breaking++
		}
		r.Uncovered = len(r.Open)
		tried := plan.Test(new(validate.Check).Document, change.Budget{All: true})
		r.Bodies, r.Documents = tried.Bodies, tried.Documents
		r.Counterexamples = unwaived(tried.Counterexamples, report)
		results = append(results, r)
	}
	return results, nil
}

// unwaived leaves out what people have accepted: documents that no change file touches,
// of operations with a waiver.
func unwaived(list []change.Counterexample, report *compat.Report) []change.Counterexample {
	return slices.DeleteFunc(list, func(e change.Counterexample) bool {
		return e.Change == nil && slices.ContainsFunc(report.Changes, func(c compat.Change) bool {
			return c.Waived != "" && slices.Contains(c.Operations, e.Place)
		})
	})
}
