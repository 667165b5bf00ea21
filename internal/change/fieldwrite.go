package change

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

func unescapeQuery(s string) string {
	if out, err := url.QueryUnescape(s); err == nil {
		return out
	}
	return s
}

// write puts the parameters of one source back into the request.
func (w *fieldWork) write(source string, r *Request, values map[string]string, object *value) {
	if object == nil {
		object = newObject()
	}
	switch source {
	case "query":
		var pairs []string
		for _, m := range object.members {
			for _, raw := range w.raw(m.value, url.QueryEscape) {
				pairs = append(pairs, url.QueryEscape(m.name)+"="+raw)
			}
		}
		r.Query = strings.Join(pairs, "&")
	case "path":
		clear(values)
		for _, m := range object.members {
			if texts := m.value.texts(); len(texts) > 0 {
				values[m.name] = strings.Join(texts, ",")
			}
		}
	case "header":
		for name := range w.named("header") {
			v := object.get(name)
			if v == nil {
				delete(r.Header, name)
				continue
			}
			r.Header[name] = slices.DeleteFunc(w.raw(v, plainText), hasControl)
		}
	case "cookie":
		w.writeCookies(r, object)
	}
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool { return c < 0x20 && c != '\t' || c == 0x7f })
}

func (w *fieldWork) writeCookies(r *Request, object *value) {
	var pairs []string
	for _, m := range object.members {
		for _, text := range m.value.texts() {
			if c := (&http.Cookie{Name: m.name, Value: text}); c.Valid() == nil {
				pairs = append(pairs, c.Name+"="+c.Value)
			}
		}
	}
	delete(r.Header, "Cookie")
	if len(pairs) > 0 {
		r.Header["Cookie"] = []string{strings.Join(pairs, "; ")}
	}
}

// raw is how a parameter is written: as it came, if nothing has become of it.
func (w *fieldWork) raw(v *value, encode func(string) string) []string {
	now := string(v.write(nil))
	for _, n := range w.notes {
		if n.value == v && n.text == now {
			return n.raw
		}
	}
	texts := v.texts()
	for i := range texts {
		texts[i] = encode(texts[i])
	}
	if v.kind == kindArray && w.commas(v) {
		return []string{strings.Join(texts, ",")}
	}
	return texts
}

// commas tells whether a list came between commas.
func (w *fieldWork) commas(v *value) bool {
	for _, n := range w.notes {
		if n.value == v {
			return len(n.raw) == 1 && len(v.items) > 1
		}
	}
	return false
}

// texts are the texts of a parameter. null is none.
func (v *value) texts() []string {
	switch v.kind {
	case kindNull:
		return nil
	case kindString:
		return []string{v.string()}
	case kindArray:
		v.open()
		var list []string
		for _, item := range v.items {
			list = append(list, item.texts()...)
		}
		return list
	}
	return []string{string(v.write(nil))}
}
