package openapi

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"gateway/internal/finding"
)

// Lint checks the contract in a file by the letter of the specification, besides
// everything that Load checks, and returns all findings. What only Lint finds says
// nothing about requests: licences, tags, defaults that break their own schema. It
// takes several times as long as Load.
func Lint(name string) (finding.List, error) {
	files, data, closer, err := open(name, nil)
	if err != nil {
		return nil, err
	}
	defer closer.Close()
	c, _ := check(files, filepath.Dir(name), filepath.Base(name), data, nil)
	if len(c.errors) == 0 {
		c.official(c.bundle(true))
	}
	return inOrder(append(c.errors, c.warnings...)), nil
}

// covered are the rules, by the codes of kin-openapi, that Load has checked, with places to
// the column.
var covered = map[string]bool{
	"conflicting-paths": true, "content-or-schema-exactly-one": true, "duplicate-operation-id": true, "duplicate-parameter": true,
	"duplicate-required-field": true, "exclusive-bound-boolean-before-3-1": true, "exclusive-bound-number-for-3-1-plus": true,
	"extra-sibling-fields": true, "openapi-required": true, "parameter-content-single-entry": true, "parameter-in-invalid": true,
	"path-must-start-with-slash": true, "path-parameter-required": true, "path-parameters-mismatch": true,
	"paths-required": true, "schema-pattern-regex-invalid": true, "schema-type-unsupported": true,
	"security-requirement-scheme-undefined": true, "security-scheme-type-invalid": true,
}

// official checks the contract by the letter of the specification, with the rules of
// kin-openapi. It gets the files put together, so it has nothing to fetch.
func (c *checker) official(document []byte) {
	defer func() {
		// The rules look at whatever people write; a slip in them must not stop
		// whoever asked.
		if v := recover(); v != nil {
			c.warn(finding.Error{Message: fmt.Sprintf("the rules of the specification could not be checked: %v", v), At: c.root.place()})
		}
	}()
	loader := openapi3.NewLoader()
	loader.ReadFromURIFunc = func(_ *openapi3.Loader, u *url.URL) ([]byte, error) {
		return nil, fmt.Errorf("%s is not part of the contract", u)
	}
	doc, err := loader.LoadFromData(document)
	if err != nil {
		c.warn(finding.Error{Message: "the rules of the specification could not be checked: " + firstLine(err), At: c.root.place()})
		return
	}
	err = doc.Validate(context.Background(), openapi3.EnableMultiError(), openapi3.DisableExamplesValidation(),
		openapi3.DisableSchemaPatternValidation())
	if all, ok := errors.AsType[openapi3.MultiError](err); ok {
		for _, err := range all {
			c.rule(err)
		}
	} else if err != nil {
		c.rule(err)
	}
}

// rule reports the breach of one rule.
func (c *checker) rule(err error) {
	coded, ok := errors.AsType[openapi3.CodedError](err)
	if ok && covered[coded.Code()] {
		return
	}
	e := finding.Error{Message: firstLine(err), At: c.locate(err).placeOfName()}
	if ok {
		e.Message = firstLine(coded.(error))
	}
	c.warn(e)
}

// firstLine keeps the sentence of a message and leaves dumps of values out.
func firstLine(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return strings.TrimSuffix(text, ".")
}

// locate finds the node that an error is about, as near as its wrappers tell.
func (c *checker) locate(err error) *node {
	at := c.root
	for ; err != nil; err = errors.Unwrap(err) {
		var next *node
		switch e := err.(type) {
		case *openapi3.SectionValidationError:
			next = at.get(e.Section)
		case *openapi3.PathValidationError:
			next = at.get(e.Path).follow()
		case *openapi3.WebhookValidationError:
			next = at.get(e.Name).follow()
		case *openapi3.OperationValidationError:
			next = at.get(strings.ToLower(e.Method))
		case *openapi3.ComponentValidationError:
			next = c.component(e.Section, e.Name)
		case *openapi3.ParameterFieldValidationError:
			next = at.parameter(e.ParameterName)
		}
		if next != nil {
			at = next
		}
	}
	return at
}

// component finds a component by the words of kin-openapi: "request body".
func (c *checker) component(section, name string) *node {
	words := strings.Fields(section)
	for i := range words[1:] {
		words[i+1] = strings.ToUpper(words[i+1][:1]) + words[i+1][1:]
	}
	key := strings.Join(words, "") + "s"
	if key == "requestBodys" {
		key = "requestBodies"
	}
	for _, a := range c.adopted {
		if a.adopted == "/components/"+key+"/"+escape(name) {
			return a
		}
	}
	return c.root.get("components").get(key).get(name)
}

// parameter finds a parameter of an operation or path item by its name.
func (n *node) parameter(name string) *node {
	for _, item := range n.items("parameters") {
		if p := item.follow(); p.str("name") == name {
			return p
		}
	}
	return nil
}
