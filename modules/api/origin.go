package api

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/caddyserver/caddy/v2"

	"gateway/internal/compat"
	"gateway/internal/fetch"
	"gateway/internal/finding"
	"gateway/internal/openapi"
)

// origin is where the contracts of an API come from.
type origin interface {
	// list returns the contracts that there are.
	list() ([]openapi.Found, error)
	// read reads one of them.
	read(openapi.Found) copied
}

// copied is a contract as it was read.
type copied struct {
	contract *openapi.Contract
	err      error
	// same tells whether reading it again would give the same.
	same func() bool
	// late tells that the error stops no load: the service has the contract, and may
	// be started or corrected later.
	late bool
	// source is the text of a contract that is not in a file.
	source []byte
	// served is told that the contract is served. It may be nil.
	served func()
}

// newOrigin finds out where the contracts of an API come from.
func (a *API) newOrigin(ctx caddy.Context) error {
	if !isAddress(a.Contract) {
		if a.Refresh != 0 {
			return a.misplaced("refresh is for contracts that are fetched; files are watched", "remove it")
		}
		a.origin = &files{api: a}
		return nil
	}
	every := time.Duration(a.Refresh)
	if every == 0 {
		every = defaultRefresh
	}
	if every < time.Second || every > 24*time.Hour {
		return a.misplaced(fmt.Sprintf("refresh is %v, but has to be between 1s and 24h", every), "")
	}
	if _, err := fetch.Address(a.Contract); err != nil {
		return a.misplaced(fmt.Sprintf("api %s cannot fetch its contract: %v", a.Name, err), "such as http://orders:9001/openapi.json")
	}
	r, err := a.remote(ctx, every)
	if err != nil {
		return err
	}
	// What was kept is at hand in a moment; without it requests would be refused for
	// that long.
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-r.restored:
	case <-timer.C:
	case <-ctx.Done():
	}
	a.origin = &service{remote: r, api: a}
	return nil
}

// misplaced is a finding where the contract is named.
func (a *API) misplaced(message, hint string) error {
	source, word := a.ContractSource, "contract"
	if source == "" {
		source, word = a.Source, a.Name
	}
	return &finding.Error{Message: message, At: finding.ParseSource(source), Word: word, Hint: hint}
}

// service is the origin of a contract that is fetched.
type service struct {
	*remote
	api *API
	// begun tells that the contract was read once. At a load that is the one that was
	// served before, if any: what the service has now is judged while that one serves.
	begun bool
}

func (s *service) list() ([]openapi.Found, error) {
	return []openapi.Found{{File: s.address}}, nil
}

func (s *service) read(openapi.Found) copied {
	d := s.newest()
	if !s.begun {
		d, s.begun = s.lastGood(), true
	}
	c := copied{source: nil, same: func() bool { return s.newest() == d }}
	if d == nil {
		c.late, c.err = true, s.api.misplaced(fmt.Sprintf("the contract of api %s has not been fetched yet", s.api.Name), "start the service")
		return c
	}
	c.source, c.served = d.Data, func() { s.keep(d) }
	c.contract, c.err = openapi.Parse(s.address, d.Data)
	c.late = c.err != nil
	return c
}

// files are contracts beside the Caddyfile: one file, or a folder with versions.
type files struct{ api *API }

func (f *files) read(found openapi.Found) copied {
	contract, sight, err := openapi.Read(found.File)
	if err == nil {
		err = compat.CheckLock(found.File, contract)
	}
	return copied{contract: contract, err: err, same: sight.Same}
}

func (f *files) list() ([]openapi.Found, error) {
	place := f.api.Contract
	if ext := filepath.Ext(place); ext == ".json" || ext == ".yaml" || ext == ".yml" {
		if _, err := os.Stat(place); err != nil {
			return nil, f.nothing("there is no such file", "paths are relative to the Caddyfile")
		}
		return []openapi.Found{{File: place}}, nil
	}
	found, err := openapi.Discover(place)
	if missing, ok := errors.AsType[*finding.Error](err); ok && missing.At.File == place {
		return nil, f.nothing(missing.Message, missing.Hint)
	}
	return found, err
}

// nothing says that there is nothing where the contract should be.
func (f *files) nothing(why, hint string) error {
	source, word := f.api.ContractSource, filepath.Base(f.api.Contract)
	if source == "" {
		source, word = f.api.Source, f.api.Name
	}
	return &finding.Error{
		Message: fmt.Sprintf("api %s has no contract at %s: %s", f.api.Name, f.api.Contract, why),
		At:      finding.ParseSource(source), Word: word, Hint: hint,
	}
}
