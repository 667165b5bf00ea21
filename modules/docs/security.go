package docs

import "gateway/internal/openapi"

// Names of our security schemes, behind the prefix.
const (
	tokenScheme = "token"
	keyScheme   = "key"
)

// security returns the credentials that the gateway asks for where the contract says
// nothing about security, each of them enough; nil leaves the operation as it is.
func (e *effective) security(op *openapi.Operation) []map[string][]string {
	if !e.Auth || op.Security != nil {
		return nil
	}
	var alternatives []map[string][]string
	if e.Anonymous {
		alternatives = append(alternatives, map[string][]string{})
	}
	for _, name := range e.schemes() {
		alternatives = append(alternatives, map[string][]string{e.prefix + "." + name: {}})
	}
	return alternatives
}

func (e *effective) schemes() (names []string) {
	if e.Bearer {
		names = append(names, tokenScheme)
	}
	if e.KeyField != "" {
		names = append(names, keyScheme)
	}
	return names
}

// addSchemes adds our security schemes, if an operation needs them.
func (e *effective) addSchemes(components *members) error {
	needed := false
	for _, op := range e.Contract.Operations {
		needed = needed || e.security(op) != nil
	}
	if !needed || len(e.schemes()) == 0 {
		return nil
	}
	return components.edit("securitySchemes", func(schemes *members) error {
		for _, name := range e.schemes() {
			scheme := map[string]string{"type": "http", "scheme": "bearer", "description": "A token of an issuer that the gateway trusts."}
			if name == keyScheme {
				scheme = map[string]string{"type": "apiKey", "in": "header", "name": e.KeyField, "description": "An API key of the gateway."}
			}
			if err := schemes.set(e.prefix+"."+name, scheme); err != nil {
				return err
			}
		}
		return nil
	})
}
