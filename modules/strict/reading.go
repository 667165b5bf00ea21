package strict

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"

	"github.com/caddyserver/caddy/v2/caddyconfig"

	"gateway/internal/finding"
	"gateway/internal/loads"
)

// Reading is what a Caddyfile, and the files that it imports, say at one time.
type Reading struct {
	// Config is the configuration as Caddy's JSON, nil if there is an error.
	Config []byte
	// Warnings are what can be said without refusing the file.
	Warnings []caddyconfig.Warning
	// Err is everything that is wrong, as findings.
	Err error

	files footprint
}

// Read reads a Caddyfile. Whatever is wrong is in the reading.
func Read(file string) *Reading {
	before := look([]string{file})
	body, err := os.ReadFile(file)
	if err != nil {
		why := err
		if inner, ok := errors.AsType[*fs.PathError](err); ok {
			why = inner.Err
		}
		missing := &finding.Error{Message: fmt.Sprintf("the file cannot be read: %v", why), At: finding.Position{File: file}}
		return &Reading{Err: missing, files: before}
	}
	return read(file, body, nil)
}

// read adapts a body with the options of Caddy's adapter.
func read(file string, body []byte, options map[string]any) *Reading {
	options = maps.Clone(options)
	if options == nil {
		options = map[string]any{}
	}
	options["filename"] = file
	checks := newChecker(os.LookupEnv, os.ReadFile)
	checks.check(file, string(body))
	r := &Reading{Err: checks.found.Err()}
	if r.Err == nil {
		config, warnings, found := (&stock{checks: checks, file: file, options: options}).adapt(body)
		r.Config, r.Warnings, r.Err = config, warnings, found.Err()
	}
	if r.Err == nil {
		var more []caddyconfig.Warning
		r.Config, more, r.Err = hideTokens(r.Config)
		r.Warnings = append(r.Warnings, more...)
	}
	if r.Err != nil {
		r.Config = nil
	}
	r.files = checks.footprint()
	return r
}

// Candidate is the reading as something to be loaded.
func (r *Reading) Candidate(file string) loads.Candidate {
	c := loads.Candidate{Config: r.Config, Warnings: listOf(r.Warnings)}
	if file != requestBody {
		c.File = file
	}
	return c
}

// listOf returns warnings as findings.
func listOf(warnings []caddyconfig.Warning) finding.List {
	var list finding.List
	for _, w := range warnings {
		list = append(list, &finding.Error{Message: w.Message, At: finding.Position{File: w.File, Line: w.Line}, Word: w.Directive})
	}
	return list
}

// nameOf returns what a file is called in findings.
func nameOf(given string) string {
	if given == "-" {
		return standardInput
	}
	return cmp.Or(given, requestBody)
}
