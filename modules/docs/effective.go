package docs

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"gateway/internal/openapi"
)

// Document is one contract, and what the gateway does in front of it.
type Document struct {
	// API and Version are the names under which the document is found. Version is
	// empty for an API that has none.
	API, Version string
	Contract     *openapi.Contract
	// Public returns the path under which clients reach an operation of the
	// contract. Nil stands for the contract's first base path.
	Public func(op *openapi.Operation) string
	// Auth, RateLimit and Validate tell which policies refuse requests, and Mock that it
	// is what answers.
	Auth, RateLimit, Validate, Mock bool
	// Responses tells whether responses of an operation are refused that break the
	// contract. Nil stands for no.
	Responses func(operation string) bool
	// Bearer and KeyField are what Auth takes where the contract says nothing about
	// security: tokens, and API keys in a header field. Anonymous tells that it takes
	// requests without either.
	Bearer    bool
	KeyField  string
	Anonymous bool
	// Versioned tells that requests choose among versions.
	Versioned bool
	// Changes are what the version changed against the one before it, in the order of time.
	Changes []Change
	// Deprecated and Sunset are zero where nothing is planned.
	Deprecated, Sunset time.Time
}

// Effective returns the contract as clients meet it at the gateway: with the public
// paths, the problem responses of the policies, and the header fields that announce
// limits and the end of the version. What the contract says itself stays.
func Effective(d Document) ([]byte, error) {
	root, err := readMembers(d.Contract.Document)
	if err != nil {
		return nil, err
	}
	e := &effective{Document: d, prefix: "gateway", refs: references{"": root}}
	e.choosePrefix(root.get("components"))
	if err := root.edit("paths", e.paths); err != nil {
		return nil, err
	}
	if err := root.set("servers", []map[string]string{{"url": rooted(e.base())}}); err != nil {
		return nil, err
	}
	if err := root.edit("components", e.addComponents); err != nil {
		return nil, err
	}
	return root.bytes()
}

func rooted(path string) string {
	if path == "" {
		return "/"
	}
	return path
}

// effective is the work on one document.
type effective struct {
	Document
	// refs follows the references of the contract. What is shared is copied before
	// it is changed, because not all operations that share it get the same.
	refs references
	// prefix begins the names of our components and no other's.
	prefix string
	// shared are the responses that the operations refer to.
	shared []refusals
}

// choosePrefix finds a prefix that no component of the contract begins with.
func (e *effective) choosePrefix(components json.RawMessage) {
	for bytes.Contains(components, []byte(`"`+e.prefix+".")) {
		e.prefix += "_"
	}
}

// base is the path in front of the templates: of the first operation without servers
// of its own, if they differ.
func (d *Document) base() string {
	ops := d.Contract.Operations
	i := slices.IndexFunc(ops, func(op *openapi.Operation) bool { return slices.Equal(op.Bases, d.Contract.Bases) })
	if len(ops) == 0 {
		return ""
	}
	return d.baseOf(ops[max(i, 0)])
}

func (d *Document) baseOf(op *openapi.Operation) string {
	if d.Public != nil {
		return strings.TrimSuffix(d.Public(op), op.Template)
	}
	return op.Bases[0]
}

func (e *effective) paths(paths *members) error {
	return paths.each(func(template string, item *members) error {
		if !e.refs.follow(item) {
			return nil
		}
		if err := e.serve(item, e.base()); err != nil {
			return err
		}
		for _, op := range e.Contract.Operations {
			if op.Template != template {
				continue
			}
			if err := e.place(op, item); err != nil {
				return err
			}
		}
		return nil
	})
}

// place changes an operation where it stands in its path item: in a member of its own,
// or since OpenAPI 3.2 among the additional ones.
func (e *effective) place(op *openapi.Operation, item *members) error {
	change := func(o *members) error {
		if err := e.serve(o, e.baseOf(op)); err != nil {
			return err
		}
		return e.operation(op, o)
	}
	if op.Additional() {
		return item.edit("additionalOperations", func(more *members) error { return more.edit(op.Method, change) })
	}
	return item.edit(strings.ToLower(op.Method), change)
}

// serve says where a path or operation is at the gateway, if it has servers of its
// own or is somewhere else than the rest.
func (e *effective) serve(object *members, base string) error {
	if object.get("servers") == nil && base == e.base() {
		return nil
	}
	return object.set("servers", []map[string]string{{"url": rooted(base)}})
}

func (e *effective) operation(op *openapi.Operation, o *members) error {
	if !e.Deprecated.IsZero() {
		if err := o.set("deprecated", true); err != nil {
			return err
		}
	}
	if alternatives := e.security(op); alternatives != nil {
		if err := o.set("security", alternatives); err != nil {
			return err
		}
	}
	return o.edit("responses", func(responses *members) error {
		if err := e.announce(responses); err != nil {
			return err
		}
		return e.refuse(op, responses)
	})
}

// announce adds our header fields to every response that the contract declares.
func (e *effective) announce(responses *members) error {
	fields := e.fields()
	if len(fields) == 0 {
		return nil
	}
	return responses.each(func(status string, response *members) error {
		if !e.refs.follow(response) {
			return nil
		}
		return response.edit("headers", func(headers *members) error {
			for _, name := range fields {
				if err := headers.set(name, e.ref("headers", name)); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// fields are the header fields that the gateway adds to responses.
func (e *effective) fields() []string {
	var names []string
	if e.RateLimit {
		names = append(names, "RateLimit", "RateLimit-Policy")
	}
	if !e.Deprecated.IsZero() {
		names = append(names, "Deprecation")
	}
	if !e.Sunset.IsZero() {
		names = append(names, "Sunset")
	}
	return names
}

func (e *effective) ref(section, name string) map[string]string {
	return map[string]string{"$ref": "#/components/" + section + "/" + e.prefix + "." + name}
}

// addComponents adds what the operations refer to.
func (e *effective) addComponents(components *members) error {
	err := components.edit("schemas", func(schemas *members) error {
		return schemas.set(e.prefix+".Problem", problemSchema)
	})
	if err != nil {
		return err
	}
	err = components.edit("responses", func(responses *members) error {
		for _, r := range e.shared {
			if err := responses.set(e.prefix+"."+r.name, e.response(r)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := e.addSchemes(components); err != nil {
		return err
	}
	return components.edit("headers", func(headers *members) error {
		for _, name := range append(e.fields(), "Retry-After") {
			if err := headers.set(e.prefix+"."+name, e.headerObject(name)); err != nil {
				return err
			}
		}
		return nil
	})
}
