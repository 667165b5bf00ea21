package api

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

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
}

// files are contracts beside the Caddyfile: one file, or a folder with versions.
type files struct{ api *API }

func (f *files) read(found openapi.Found) copied {
	contract, sight, err := openapi.Read(found.File)
	return copied{contract, err, sight.Same}
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
