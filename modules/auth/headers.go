package auth

import (
	"net/http"
	"strings"
)

// IdentityHeader is a header field that carries a claim to the service.
type IdentityHeader struct {
	// Field is the field's name: letters, digits and dashes. Required.
	Field string `json:"field"`
	// Claim is the path of the claim, with dots between the names of nested objects.
	// Required.
	Claim string `json:"claim"`
}

// identityField is a header field that carries a claim to the service.
type identityField struct {
	field string // canonical
	claim string
}

// stripIdentity removes from a client's request every field that folds to one of
// ours: servers behind us map all cases, and "-", "_" and "." or whatever else is no
// letter or digit, to one name.
func stripIdentity(header http.Header, fields []identityField) {
	if len(fields) == 0 {
		return
	}
	for name := range header {
		for i := range fields {
			if folds(name, fields[i].field) {
				delete(header, name)
				break
			}
		}
	}
}

// folds tells whether two field names are one to a server that folds them.
func folds(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		if fold(a[i]) != fold(b[i]) {
			return false
		}
	}
	return true
}

func fold(c byte) byte {
	switch {
	case c >= 'A' && c <= 'Z':
		return c + 'a' - 'A'
	case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		return c
	}
	return '-'
}

// dropTrailers takes the trailers of a request away where fields tell who is calling:
// they come after we have looked, and some servers add them to the fields (RFC 9110
// §6.5.1). net/http fills the map that it has handed out.
func dropTrailers(r *http.Request, fields []identityField) {
	if len(fields) > 0 && r.Trailer != nil {
		r.Trailer = nil
	}
}

// keepConnection rewrites the client's Connection field so that it names nothing but
// what belongs to the connection. The reverse proxy deletes every field that
// Connection names (RFC 9110 §7.6.1), after we have set ours: a client could take
// its own identity off the request.
func keepConnection(header http.Header) {
	fields := header["Connection"]
	if len(fields) == 0 || onlyConnection(fields) {
		return
	}
	var kept []string
	for _, field := range fields {
		for option := range strings.SplitSeq(field, ",") {
			if option = strings.Trim(option, " \t"); isConnection(option) {
				kept = append(kept, option)
			}
		}
	}
	if kept == nil {
		delete(header, "Connection")
		return
	}
	header["Connection"] = []string{strings.Join(kept, ", ")}
}

func onlyConnection(fields []string) bool {
	for _, field := range fields {
		for option := range strings.SplitSeq(field, ",") {
			if option = strings.Trim(option, " \t"); option != "" && !isConnection(option) {
				return false
			}
		}
	}
	return true
}

func isConnection(option string) bool {
	switch len(option) {
	case 2:
		return strings.EqualFold(option, "te")
	case 5:
		return strings.EqualFold(option, "close")
	case 7:
		return strings.EqualFold(option, "upgrade")
	case 10:
		return strings.EqualFold(option, "keep-alive")
	}
	return false
}

// setIdentity writes the claims of a verified token into the request. An absent
// claim leaves its field absent.
func setIdentity(header http.Header, fields []identityField, v *verified) fault {
	for i := range fields {
		claim, ok := v.claim(fields[i].claim)
		if !ok {
			continue
		}
		value, ok := fieldValue(claim)
		if !ok {
			return unsafeClaim
		}
		if value != "" {
			header[fields[i].field] = []string{value}
		}
	}
	return none
}
