package change

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	core "gateway/internal/change"
	"gateway/internal/openapi"
)

// locator finds what a resource of the service is called in an older version, so that
// clients can follow what a response points to.
type locator struct{ router *openapi.Router[*Way] }

// locatedBy is under which method all paths stand in the router: a reference has none.
const locatedBy = http.MethodGet

// Join makes the ways of one version know each other: a response of one operation may point
// to another one. Where several operations became one, the first of them is pointed to.
func Join(ways []*Way) error {
	var entries []openapi.Entry[*Way]
	seen := make(map[string]int)
	for _, w := range ways {
		shape := unnamed(w.service)
		if i, twice := seen[shape]; !twice {
			seen[shape] = len(entries)
			entries = append(entries, openapi.Entry[*Way]{Method: locatedBy, Template: w.service, Value: w})
		} else if w.method == http.MethodGet && entries[i].Value.method != http.MethodGet {
			entries[i].Value = w
		}
	}
	router, err := openapi.NewRouter(entries)
	if err != nil {
		return err
	}
	for _, w := range ways {
		w.locator = &locator{router}
	}
	return nil
}

// unnamed is a template whose variables have no names.
func unnamed(template string) string {
	parts := templateParts(template)
	for i := 1; i < len(parts); i += 2 {
		parts[i] = "{}"
	}
	return strings.Join(parts, "")
}

// templateParts are texts and, at odd places, the names of variables.
func templateParts(template string) []string {
	var parts []string
	for rest := template; ; {
		text, after, found := strings.Cut(rest, "{")
		parts = append(parts, text)
		if !found {
			return parts
		}
		name, behind, _ := strings.Cut(after, "}")
		parts, rest = append(parts, name), behind
	}
}

// maxReference bounds the references that are looked at, in bytes.
const maxReference = 8 << 10

// Return corrects what a response points to (RFC 9110 §8.7, §10.2.2; RFC 8288 §3). r is the
// request as the service got it.
func (w *Way) Return(r *http.Request, header http.Header) {
	if w.locator == nil {
		return
	}
	for _, field := range []string{"Location", "Content-Location"} {
		if values := header[field]; len(values) == 1 {
			if older, ok := w.locator.older(r, values[0]); ok {
				header[field] = []string{older}
			}
		}
	}
	for i, field := range header["Link"] {
		if corrected := w.locator.links(r, field); corrected != field {
			header["Link"] = slices.Clone(header["Link"])
			header["Link"][i] = corrected
		}
	}
}

// betweenVersions are relations whose targets are another version on purpose (RFC 5829).
var betweenVersions = []string{"version", "deprecation", "sunset", "predecessor", "successor"}

// links corrects the targets in a Link field.
func (l *locator) links(r *http.Request, field string) string {
	for at := 0; ; {
		open := strings.IndexByte(field[at:], '<')
		if open < 0 {
			return field
		}
		open += at + 1
		length := strings.IndexByte(field[open:], '>')
		if length < 0 {
			return field
		}
		end := open + length
		parameters, _, _ := strings.Cut(field[end:], "<")
		at = end
		if mentionsAny(parameters, betweenVersions) {
			continue
		}
		if older, ok := l.older(r, field[open:end]); ok {
			field = field[:open] + older + field[end:]
			at = open + len(older)
		}
	}
}

func mentionsAny(text string, words []string) bool {
	text = strings.ToLower(text)
	for _, word := range words {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// older is what a reference of the service is to clients of the version. It is false if
// that is the same, or a place that they do not have.
func (l *locator) older(r *http.Request, reference string) (string, bool) {
	u, err := url.Parse(reference)
	if err != nil || len(reference) > maxReference || u.Opaque != "" || u.User != nil || u.Host != "" && !strings.EqualFold(u.Host, r.Host) {
		return "", false
	}
	target := r.URL.ResolveReference(u)
	match := l.router.Lookup(locatedBy, target.Path, nil)
	if !match.Found {
		return "", false
	}
	to := match.Value
	path, ok := to.fill(match.Params)
	query := target.RawQuery
	if to.carrier != nil {
		query = to.carrier.QueryBack(query)
	}
	if !ok || path == target.EscapedPath() && query == u.RawQuery {
		return "", false
	}
	out := url.URL{RawQuery: query, Fragment: u.Fragment, RawFragment: u.RawFragment}
	text := path + out.String()
	if u.Host != "" {
		scheme := ""
		if u.Scheme != "" {
			scheme = u.Scheme + ":"
		}
		text = scheme + "//" + u.Host + text
	}
	return text, true
}

// fill writes the public path for the values that the newest version's path has.
func (w *Way) fill(values []string) (string, bool) {
	if w.carrier != nil {
		var ok bool
		if values, ok = w.carrier.PathBack(values); !ok {
			return "", false
		}
	}
	parts := templateParts(w.public)
	if len(parts) != 2*len(values)+1 {
		return "", false
	}
	for i, v := range values {
		if !core.PathValue(v) {
			return "", false
		}
		parts[2*i+1] = url.PathEscape(v)
	}
	return strings.Join(parts, ""), true
}
