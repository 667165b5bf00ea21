package validate

import (
	_ "github.com/getkin/kin-openapi/openapi3"
	_ "github.com/santhosh-tekuri/jsonschema/v5"
)
