package validate

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"

	"gateway/internal/exchange"
	"gateway/internal/finding"
	"gateway/internal/openapi"
)

// Operation has the options of one operation. What it leaves open is as for all.
type Operation struct {
	// Name is the operationId in the contract, or "METHOD /template" where it has none.
	// Required.
	Name string `json:"name,omitempty"`
	// MaxBody bounds a body, in bytes, in place of max_body and the contract's
	// x-max-body. Range: 1–1073741824. Default: that of the contract, or of all.
	MaxBody int64 `json:"max_body,omitempty"`
	// Mode is "enforce", "report" or "off". Default: that of all.
	Mode exchange.Mode `json:"mode,omitempty"`
	// Responses is "report", "enforce" or "off", for responses of the operation. Their
	// other options are those of all. Default: that of all.
	Responses exchange.Mode `json:"responses,omitempty"`
	// Source is where the operation is named, "file:line". Default: unknown.
	Source string `json:"source,omitempty"`
}

// maxMaxBody is the highest bound of a body.
const maxMaxBody = 1 << 30

// maxBodyExtension is the word by which a contract bounds the bodies of an operation.
const maxBodyExtension = "x-max-body"

func (h *Handler) validateOperations() error {
	if len(h.Operations) > 0 && h.Schema != "" {
		return h.Operations[0].problem("remove it", "without a contract there are no operations")
	}
	for i := range h.Operations {
		o := &h.Operations[i]
		if o.MaxBody < 0 || o.MaxBody > maxMaxBody {
			return o.problem("", "max_body of the operation %s is %d, but has to be between 1 and %d", o.Name, o.MaxBody, maxMaxBody)
		}
		if _, err := exchange.ParseMode(string(o.Mode)); o.Mode != "" && err != nil {
			return o.problem("use enforce, report or off", "mode of the operation %s is %q", o.Name, o.Mode)
		}
		if _, err := exchange.ParseMode(string(o.Responses)); o.Responses != "" && err != nil {
			return o.problem("use off, report or enforce", "responses of the operation %s is %q", o.Name, o.Responses)
		}
		if slices.ContainsFunc(h.Operations[:i], func(other Operation) bool { return other.Name == o.Name }) {
			return o.problem("put all options into one block", "the operation %s stands here twice", o.Name)
		}
	}
	return nil
}

func (o *Operation) problem(hint, format string, args ...any) *finding.Error {
	return &finding.Error{Message: fmt.Sprintf(format, args...), At: finding.ParseSource(o.Source), Word: o.Name, Hint: hint}
}

// CheckOperations makes sure that every operation with options is in one of the
// contracts. The api block calls it at load, once it has them all.
func (h *Handler) CheckOperations(contracts []*openapi.Contract) error {
	known := make(map[string]bool)
	for _, c := range contracts {
		for _, op := range c.Operations {
			known[op.ID] = true
		}
	}
	var found finding.List
	for i := range h.Operations {
		if o := &h.Operations[i]; !known[o.Name] {
			found = append(found, o.problem(finding.Suggest(o.Name, slices.Sorted(maps.Keys(known))...), "the contract has no operation %s", o.Name))
		}
	}
	return found.Err()
}

// optionsOf returns the settings and the mode for an operation. What the Caddyfile says
// about it and what the contract says must not differ.
func (h *Handler) optionsOf(op *openapi.Operation) (*settings, exchange.Mode, error) {
	limit, err := h.extensionOf(op)
	if err != nil {
		return nil, "", err
	}
	var mode exchange.Mode
	answers := h.settings.responses
	if i := slices.IndexFunc(h.Operations, func(o Operation) bool { return o.Name == op.ID }); i >= 0 {
		o := &h.Operations[i]
		mode = o.Mode
		if o.MaxBody > 0 && limit > 0 && o.MaxBody != limit {
			return nil, "", o.problem("say it in one place", "max_body of %s is %d bytes here, and %d in the contract (%s, %s)", o.Name, o.MaxBody, limit, maxBodyExtension, finding.Position(op.Source))
		}
		limit = max(limit, o.MaxBody)
		if o.Responses != "" {
			answers = h.Responses.with(o.Responses).settings(h.settings.bounds, h.logger)
		}
	}
	if limit == 0 {
		limit = h.settings.maxBody
	}
	if limit == h.settings.maxBody && answers == h.settings.responses {
		return &h.settings, mode, nil
	}
	own := h.settings
	own.maxBody, own.responses = limit, answers
	return &own, mode, nil
}

// extensionOf returns the bound of bodies that the contract has for an operation, or 0.
// Where the Caddyfile bounds bodies, the contract can only lower that.
func (h *Handler) extensionOf(op *openapi.Operation) (int64, error) {
	given, ok := op.Extensions[maxBodyExtension]
	if !ok {
		return 0, nil
	}
	refuse := func(hint, format string, args ...any) (int64, error) {
		return 0, &finding.Error{Message: fmt.Sprintf(format, args...), At: finding.Position(op.Source), Hint: hint}
	}
	var limit uint64
	var err error
	switch given := given.(type) {
	case string:
		limit, err = humanize.ParseBytes(given)
	case json.Number:
		limit, err = strconv.ParseUint(string(given), 10, 63)
	default:
		err = strconv.ErrSyntax
	}
	if err != nil || limit == 0 || limit > maxMaxBody {
		return refuse("such as 512KiB, 4MiB or a number of bytes; at most 1GiB", "%s of %s is not a size", maxBodyExtension, op.ID)
	}
	if h.bounded && int64(limit) > h.MaxBody {
		return refuse(fmt.Sprintf("raise max_body, or name the operation: validate { operation %s { max_body %s } }", strconv.Quote(op.ID), strings.ReplaceAll(humanize.IBytes(limit), " ", "")),
			"%s of %s is %d bytes, more than max_body allows for all operations (%d)", maxBodyExtension, op.ID, limit, h.MaxBody)
	}
	return int64(limit), nil
}
