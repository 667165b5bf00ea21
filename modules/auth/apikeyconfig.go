package auth

import (
	"net/http"
	"slices"
)

// defaultKeyField is where API keys stand.
const defaultKeyField = "X-Api-Key"

// APIKeys say which API keys are accepted, beside tokens.
type APIKeys struct {
	// File is a JSON file with the holders and the hashes of their keys. It is watched.
	// Default: none.
	File string `json:"file,omitempty"`
	// Redis looks keys up in the store that gateways share. Either this or File is
	// needed. Default: false.
	Redis bool `json:"redis,omitempty"`
	// Field is the header field that carries the key. Default: X-Api-Key.
	Field string `json:"field,omitempty"`
}

// field is the canonical name of the header field.
func (a *APIKeys) field() string {
	if a.Field == "" {
		return defaultKeyField
	}
	return http.CanonicalHeaderKey(a.Field)
}

// KeyField is the header field in which requests may carry an API key, "" if none is
// taken.
func (h *Handler) KeyField() string {
	if h.APIKeys == nil {
		return ""
	}
	return h.APIKeys.field()
}

func (a *APIKeys) check(headers []IdentityHeader) error {
	if a == nil {
		return nil
	}
	if (a.File == "") == !a.Redis {
		return complain("api_key", "write api_key <file>, or api_key redis", "API keys come from a file or from Redis")
	}
	field := a.field()
	if checkField(field) != nil || slices.Contains(notIdentity, field) {
		return complain("api_key", "such as X-Api-Key", "%q cannot carry an API key", a.Field)
	}
	for _, header := range headers {
		if folds(header.Field, field) {
			return complain("api_key", "name another field", "%s carries the API key, and cannot tell the service who is calling", header.Field)
		}
	}
	return nil
}
