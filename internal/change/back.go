package change

import (
	"net/http"
	"slices"
	"strings"

	"gateway/internal/openapi"
)

// PathBack returns the values of the older path for those of the newest one, in the order
// of their variables. ok is false if one has no older form.
func (c *Carrier) PathBack(newest []string) (older []string, ok bool) {
	names, err := openapi.Variables(c.target.Template)
	if err != nil || len(names) != len(newest) {
		return nil, false
	}
	values := make(map[string]string, len(names))
	for i, name := range names {
		values[name] = newest[i]
	}
	for _, l := range slices.Backward(c.legs) {
		if l.route != nil {
			l.route.unname(values)
		}
		if l.fields == nil || !l.fields.used["path"] {
			continue
		}
		d := &document{root: value{kind: kindObject, opened: true}}
		path := newObject()
		d.root.put("path", path)
		for _, name := range sortedNames(values) {
			path.put(name, madeString(values[name]))
		}
		if l.fields.back(d) != nil {
			return nil, false
		}
		clear(values)
		for _, m := range path.members {
			values[m.name] = strings.Join(m.value.texts(), ",")
		}
	}
	for _, name := range c.variables {
		v, known := values[name]
		if !known {
			return nil, false
		}
		older = append(older, v)
	}
	return older, true
}

// unname gives variables that only have another name their older one.
func (r *reroute) unname(values map[string]string) {
	was := make(map[string]string, len(r.alias))
	for now, older := range r.alias {
		if v, ok := values[now]; ok {
			was[older] = v
			delete(values, now)
		}
	}
	for name, v := range was {
		values[name] = v
	}
}

// QueryBack returns the older form of a query of the newest version, or the query as it is
// where it has none.
func (c *Carrier) QueryBack(query string) string {
	was := query
	for _, l := range slices.Backward(c.legs) {
		if l.fields == nil || !l.fields.used["query"] || query == "" {
			continue
		}
		r := &Request{Query: query, Header: http.Header{}}
		d := &document{root: value{kind: kindObject, opened: true}}
		w := &fieldWork{fieldProgram: l.fields}
		object, ok := w.read("query", r, nil)
		if !ok {
			return was
		}
		d.root.put("query", object)
		w.seal()
		if l.fields.back(d) != nil {
			return was
		}
		w.look()
		if w.write("query", r, nil, object); w.unfit {
			return was
		}
		query = r.Query
	}
	return query
}

// PathValue tells whether a value can stand in a path: one that has a reading only.
func PathValue(v string) bool {
	return v != "" && v != "." && v != ".." && !strings.ContainsAny(v, `/\`) && !hasControl(v)
}
