package change

import (
	"net/http"
	"slices"
	"strings"

	"gateway/internal/openapi"
)

// mediaTypes are the media types of one kind of body that have another name in the newer
// version, such as application/vnd.acme.v1+json.
type mediaTypes struct {
	newer map[string]string // by the older name
	older map[string]string // by the newer one
}

// pairMedia finds what became of the media types of JSON. Of several newer ones it is the
// first that is of no older name.
func (b *boundary) pairMedia(older, newer []openapi.Media) (t mediaTypes) {
	for _, m := range older {
		is, ok := b.sameMedia(newer, m.Type)
		if !ok || is.Type == m.Type || strings.Contains(is.Type+m.Type, "*") || !isJSON(m.Type) || has(older, is.Type) {
			continue
		}
		if t.newer == nil {
			t.newer, t.older = make(map[string]string), make(map[string]string)
		}
		t.newer[m.Type] = is.Type
		if _, known := t.older[is.Type]; !known {
			t.older[is.Type] = m.Type
		}
	}
	return t
}

func has(content []openapi.Media, mediaType string) bool {
	for _, m := range content {
		if m.Type == mediaType {
			return true
		}
	}
	return false
}

// forward is the newer name of a media type.
func (t *mediaTypes) forward(mediaType string) string {
	if name, ok := t.newer[mediaType]; ok {
		return name
	}
	return mediaType
}

// back is the older name.
func (t *mediaTypes) back(mediaType string) string {
	if name, ok := t.older[mediaType]; ok {
		return name
	}
	return mediaType
}

// responseType is the older name of the media type of a response that has a status in the
// older version.
func (l *leg) responseType(status int, mediaType string) string {
	if len(l.responseTypes) == 0 {
		return mediaType
	}
	t := l.responseTypes[l.declared(status)]
	return t.back(mediaType)
}

// retype puts a media type in place of another in a message, with the parameters that the
// other has.
func retype(header http.Header, to string) {
	fields := header["Content-Type"]
	if len(fields) != 1 || to == "" {
		return
	}
	name, parameters, more := strings.Cut(fields[0], ";")
	if strings.EqualFold(strings.Trim(name, " \t"), to) {
		return
	}
	if more {
		to += ";" + parameters
	}
	header["Content-Type"] = []string{to}
}

// Accept makes a request ask for the media types of the newest version where those of its
// own have other names there. What else it accepts stays.
func (c *Carrier) Accept(header http.Header) {
	if !c.renames {
		return
	}
	fields := slices.Clone(header["Accept"])
	for i, field := range fields {
		members := strings.Split(field, ",") // a comma within quotes belongs to no type
		for j, member := range members {
			name, parameters, more := strings.Cut(member, ";")
			name = strings.ToLower(strings.Trim(name, " \t"))
			became := c.responseTypeAhead(name)
			if became == name {
				continue
			}
			if more {
				became += ";" + parameters
			}
			members[j] = became
		}
		fields[i] = strings.Join(members, ",")
	}
	if len(fields) > 0 {
		header["Accept"] = fields
	}
}

// responseTypeAhead is the newest name of a media type of any response.
func (c *Carrier) responseTypeAhead(mediaType string) string {
	for _, l := range c.legs {
		for _, status := range sortedNames(l.responseTypes) {
			if newer, ok := l.responseTypes[status].newer[mediaType]; ok {
				mediaType = newer
				break
			}
		}
	}
	return mediaType
}
