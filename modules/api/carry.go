package api

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"

	core "gateway/internal/change"
	"gateway/internal/exchange"
	"gateway/internal/finding"
	"gateway/internal/openapi"
	"gateway/modules/change"
	"gateway/modules/docs"
	"gateway/modules/validate"
	"gateway/modules/versioning"
)

// carriage is how the requests of older versions reach the service at one time.
type carriage struct {
	// plan is nil if every version reaches the service as it is.
	plan *core.Plan
	ways map[*exchange.Route]*change.Way
	// seen tells the change files that it was made of apart from others.
	seen string
}

// provisionChange makes the step ready that carries requests. An API with versions has
// one by convention, which does nothing without change files.
func (a *API) provisionChange(ctx caddy.Context) error {
	if a.Versioning == nil {
		if a.Change == nil {
			return nil
		}
		return a.misfit("change carries requests between versions, and the contract of api "+a.Name+" has none", "remove it, or put the contract into the folder of a version, such as v1")
	}
	a.carries = a.Change != nil
	if a.Change == nil {
		a.Change = &change.Handler{Source: a.Source}
	}
	return a.Change.Provision(ctx)
}

func (a *API) misfit(message, hint string) error {
	return &finding.Error{Message: message, At: finding.ParseSource(a.Change.Source), Word: "change", Hint: hint}
}

// carry reads the change files and makes the ways of all operations of older versions.
// Where nobody has written one, and nobody asks for it, each version reaches the service
// as it is.
func (a *API) carry(versions []*version, chooser *versioning.Handler, changes string) (carriage, error) {
	c := carriage{seen: changes}
	if chooser == nil || a.Change.Mode == exchange.ModeOff || changes == "" && !a.carries {
		return c, nil
	}
	if a.Mock != nil {
		if len(a.Routes) == 0 {
			return c, nil // the mock speaks every version
		}
		return c, a.misfit("a mock answers in the version of the client, and changes are carried for a service that speaks one version", "remove mock, or write change { mode off } while there is one")
	}
	ordered, err := a.spoken(versions, chooser)
	if err != nil {
		return c, err
	}
	list := make([]core.Version, len(ordered))
	for i, v := range ordered {
		list[i] = core.Version{Name: v.name, Contract: v.contract, Folder: core.Folder(v.contract.File)}
	}
	if c.plan, err = core.Compile(list); err != nil {
		return c, err
	}
	if err := c.plan.Prove(new(validate.Check).Document, core.Budget{}); err != nil {
		return c, err
	}
	c.ways = make(map[*exchange.Route]*change.Way)
	hash := c.hash(ordered)
	newest := ordered[len(ordered)-1]
	for _, v := range ordered[:len(ordered)-1] {
		if source := a.Apart[v.name]; source != "" {
			return c, &finding.Error{
				Message: fmt.Sprintf("requests of %s are carried to %s by its change files, but this line sends them to a service of their own", v.name, newest.name),
				At:      finding.ParseSource(source), Word: "@" + v.name,
				Hint: "remove the line, so that one service speaks for both, or write change { mode off } while " + v.name + " has its own",
			}
		}
		if err := a.waysOf(v, newest, chooser, hash, &c); err != nil {
			return c, err
		}
	}
	return c, nil
}

// spoken returns the versions up to the one that the service speaks, oldest first.
func (a *API) spoken(versions []*version, chooser *versioning.Handler) ([]*version, error) {
	var ordered []*version
	for _, name := range chooser.Names() {
		if i := slices.IndexFunc(versions, func(v *version) bool { return v.name == name }); i >= 0 {
			ordered = append(ordered, versions[i])
		}
	}
	if a.Change.Backend == "" {
		return ordered, nil
	}
	i := slices.IndexFunc(ordered, func(v *version) bool { return v.name == a.Change.Backend })
	if i < 0 {
		return nil, a.misfit(fmt.Sprintf("the service of api %s speaks %q, which is not a version of its contract", a.Name, a.Change.Backend), finding.Suggest(a.Change.Backend, chooser.Names()...))
	}
	return ordered[:i+1], nil
}

// waysOf makes the ways of one version.
func (a *API) waysOf(v, newest *version, chooser *versioning.Handler, hash string, c *carriage) error {
	var ways []*change.Way
	place := func(v *version, op *openapi.Operation, public string) change.Place {
		return change.Place{Version: v.name, Operation: op, Public: public, Upstream: func(path string) string { return chooser.UpstreamPath(v.name, path) }, Retell: chooser.Retell(v.name)}
	}
	for i, e := range v.entries {
		op := v.operations[i]
		target := c.plan.Target(op)
		if target == nil {
			continue // a change says that it stays as it is
		}
		bases := a.bases(target)
		base := bases[min(v.bases[i], len(bases)-1)]
		way := change.NewWay(a.Name, place(v, op, e.Template), place(newest, target, newest.public(base+target.Template)), c.plan.Carrier(op), chooser.Field(), hash)
		c.ways[e.Value], ways = way, append(ways, way)
	}
	return change.Join(ways)
}

// hash is of all that decides what becomes of a message: contracts and change files.
func (c *carriage) hash(versions []*version) string {
	h := sha256.New()
	for _, v := range versions {
		fmt.Fprintln(h, v.name, v.contract.Hash)
	}
	for _, file := range c.plan.Files() {
		if text, err := os.ReadFile(file); err == nil { // folders are among them
			fmt.Fprintln(h, filepath.Base(file), len(text))
			_, _ = h.Write(text)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// lookAtChanges tells change files apart from others, without reading them: their names,
// lengths and times. It is "" if there are none.
func lookAtChanges(found []openapi.Found) string {
	var b strings.Builder
	for _, f := range found {
		if f.Version == "" {
			continue
		}
		folder := core.Folder(f.File)
		entries, err := os.ReadDir(folder)
		if err != nil {
			continue // most versions have none
		}
		for _, entry := range entries {
			name := filepath.Join(folder, entry.Name())
			if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
				fmt.Fprintln(&b, name, info.Size(), info.ModTime().UnixNano())
			}
		}
	}
	return b.String()
}

// changesOf returns what a version changed, for the documentation.
func (c *carriage) changesOf(version string) []docs.Change {
	if c.plan == nil {
		return nil
	}
	var list []docs.Change
	for _, change := range c.plan.Changes() {
		if change.Version == version {
			name := filepath.Base(change.File)
			list = append(list, docs.Change{
				Name: strings.TrimSuffix(name, filepath.Ext(name)), Description: change.Description, Operations: change.Operations, Loses: change.Loses,
			})
		}
	}
	return list
}
