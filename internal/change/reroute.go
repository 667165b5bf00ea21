package change

import (
	"fmt"
	"net/url"
	"strings"

	"gateway/internal/openapi"
)

// reroute is another method or path of an operation in the newer version.
type reroute struct {
	method string
	// parts are text and, at odd places, the names of variables.
	parts []string
	// alias are the older names of variables that only have another name now.
	alias map[string]string
	// template is the path template, without the version in front.
	template string
}

// reroute compiles the new place of an operation; nil if it stays where it is.
func (b *boundary) reroute(l *leg) *reroute {
	from, to := b.older.template(l.older), b.newer.template(l.newer)
	paths := l.fields != nil && l.fields.used["path"]
	if l.older.Method == l.newer.Method && unnamed(from) == unnamed(to) && !paths {
		return nil
	}
	r := &reroute{method: l.newer.Method, template: to, alias: make(map[string]string)}
	rest := to
	for {
		text, after, found := strings.Cut(rest, "{")
		r.parts = append(r.parts, text)
		if !found {
			break
		}
		name, behind, _ := strings.Cut(after, "}")
		r.parts = append(r.parts, name)
		rest = behind
	}
	if older, err := openapi.Variables(from); err == nil && unnamed(from) == unnamed(to) {
		for i, name := range older {
			if now := r.parts[2*i+1]; now != name {
				r.alias[now] = name
			}
		}
	}
	b.variables(l, r)
	if l.older.Method != l.newer.Method && (l.older.Method == "HEAD" || l.newer.Method == "HEAD") {
		b.add(b.about(l.older).flaw(fmt.Sprintf("%s was %s and is %s now, which answers otherwise", l.older.ID, l.older.Method, l.newer.Method), ""))
	}
	return r
}

// variables checks that every variable of the new path has a value.
func (b *boundary) variables(l *leg, r *reroute) {
	has := make(map[string]bool)
	if l.fields != nil && l.fields.used["path"] {
		for _, name := range l.fields.pathAfter(b, l) {
			has[name] = true
		}
	} else if names, err := openapi.Variables(l.older.Template); err == nil {
		for _, name := range names {
			has[name] = true
		}
	}
	for i := 1; i < len(r.parts); i += 2 {
		if !has[r.parts[i]] && !has[r.alias[r.parts[i]]] {
			b.add(b.about(l.older).flaw(fmt.Sprintf("the path %s of %s needs {%s}, which requests to %s do not have", r.template, l.newer.ID, r.parts[i], l.older.Template),
				"parameters: [{rename: path/<old name>, to: "+r.parts[i]+"}]"))
		}
	}
}

// pathAfter are the variables that there are after the changes.
func (f *fieldProgram) pathAfter(b *boundary, l *leg) []string {
	d := &document{root: value{kind: kindObject, opened: true}}
	for _, source := range sources {
		object := newObject()
		d.root.put(source, object)
		for key := range f.declared {
			if in, name, _ := strings.Cut(key, " "); in == source {
				object.put(name, madeString("0"))
			}
		}
	}
	for _, name := range f.variables {
		d.root.get("path").put(name, madeString("0"))
	}
	_ = f.forward(d) // only which members there are counts
	if object := d.root.get("path"); object != nil {
		var names []string
		for _, m := range object.members {
			names = append(names, m.name)
		}
		return names
	}
	return nil
}

// about is where a finding about an operation stands: the change that names it, or the
// first one.
func (b *boundary) about(op *openapi.Operation) word {
	for _, c := range b.changes {
		for _, w := range c.operations {
			if w.text == op.ID {
				return w
			}
		}
	}
	return word{op.ID, position(op.Source)}
}

// fill writes the path for the values of its variables. It is false if one is not there
// or would be read in two ways.
func (r *reroute) fill(values map[string]string) (string, bool) {
	var path strings.Builder
	for i, part := range r.parts {
		if i%2 == 0 {
			path.WriteString(part)
			continue
		}
		v, ok := values[part]
		if !ok {
			v, ok = values[r.alias[part]]
		}
		if !ok || !PathValue(v) {
			return "", false
		}
		path.WriteString(url.PathEscape(v))
	}
	return path.String(), true
}
