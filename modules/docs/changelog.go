package docs

import (
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Change is one breaking change of a version.
type Change struct {
	// Name is that of its file, without the suffix. A date at its begin is that of the change.
	Name string
	// Description is a sentence for people.
	Description string
	// Operations are the operations of the version before that it touches.
	Operations []string
	// Loses says what clients of older versions do not get back, "" for nothing.
	Loses string
}

// changelogs adds a page for every API whose versions have changes.
func (s *Site) changelogs(documents []Document) error {
	done := make(map[string]bool)
	for i := range documents {
		api := documents[i].API
		if done[api] || !slices.ContainsFunc(documents, func(d Document) bool { return d.API == api && len(d.Changes) > 0 }) {
			continue
		}
		done[api] = true
		page := changelog(api, documents)
		html, err := render("Changes of "+api, page)
		if err != nil {
			return err
		}
		plain := newResource("text/markdown; charset=utf-8", inert, []byte(page))
		s.files[api+"/changes.md"] = plain
		s.files[api+"/changes"] = &negotiated{html: newResource("text/html; charset=utf-8", pagePolicy, html), plain: plain}
	}
	return nil
}

// negotiated is a page for browsers, and the same as text for everybody else.
type negotiated struct{ html, plain *resource }

func (n *negotiated) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Accept")
	if wantsHTML(r.Header) {
		n.html.serve(w, r)
		return
	}
	n.plain.serve(w, r)
}

// changelog writes what the versions of an API changed, the newest first.
func changelog(api string, documents []Document) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Changes of %s\n\nEach version lists what it changed against the one before it. Clients of older versions need not do anything:\n"+
		"their requests are carried to the newest version, and its responses back.\n", api)
	for i, d := range slices.Backward(documents) {
		if d.API != api {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n", d.Version)
		if life := d.life(); life != "" {
			b.WriteString(life + "\n\n")
		}
		for _, c := range slices.Backward(d.Changes) {
			b.WriteString(c.entry())
		}
		first := !slices.ContainsFunc(documents[:i], func(o Document) bool { return o.API == api })
		switch {
		case first:
			b.WriteString("The first version.\n")
		case len(d.Changes) == 0:
			b.WriteString("Nothing that would break a client of the version before.\n")
		}
	}
	return b.String()
}

// life says when the version ends.
func (d *Document) life() string {
	var parts []string
	if !d.Deprecated.IsZero() {
		parts = append(parts, "Deprecated from "+d.Deprecated.UTC().Format("2 January 2006")+" on.")
	}
	if !d.Sunset.IsZero() {
		parts = append(parts, "Switched off on "+d.Sunset.UTC().Format("2 January 2006")+".")
	}
	return strings.Join(parts, " ")
}

var dated = regexp.MustCompile(`^([0-9]{4}-[0-9]{2}-[0-9]{2})(-|$)`)

// entry is the change as an item of a list.
func (c *Change) entry() string {
	var b strings.Builder
	b.WriteString("- ")
	if date := dated.FindStringSubmatch(filepath.Base(c.Name)); date != nil {
		b.WriteString(date[1] + ": ")
	}
	b.WriteString(c.Description)
	if c.Loses != "" {
		b.WriteString(" What older clients do not get back: " + strings.TrimSuffix(c.Loses, ".") + ".")
	}
	if len(c.Operations) > 0 {
		names := make([]string, len(c.Operations))
		for i, op := range c.Operations {
			names[i] = "`" + op + "`"
		}
		b.WriteString("\n  (" + strings.Join(names, ", ") + ")")
	}
	return b.String() + "\n"
}
