package docs

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// problemSchema describes the body of every refusal (RFC 9457 §3, and our members).
var problemSchema = json.RawMessage(`{
	"type": "object",
	"title": "Problem details (RFC 9457)",
	"required": ["type", "title", "status"],
	"properties": {
		"type": {"type": "string", "format": "uri-reference", "description": "The page about the reason, or the registered problem type that says the same."},
		"title": {"type": "string", "description": "The same for every occurrence."},
		"status": {"type": "integer", "description": "The status of the response."},
		"detail": {"type": "string", "description": "About this occurrence."},
		"code": {"type": "string", "description": "The reason, stable for programs."},
		"hint": {"type": "string", "description": "What to do."},
		"help": {"type": "string", "format": "uri-reference", "description": "The page about the reason, where the type is another."},
		"request_id": {"type": "string", "description": "The id to quote to the operator."},
		"retry_after": {"type": "integer", "minimum": 0, "description": "Seconds to wait."},
		"scopes": {"type": "array", "items": {"type": "string"}, "description": "The scopes that the operation needs."},
		"supported_versions": {"type": "array", "items": {"type": "string"}},
		"violated-policies": {"type": "array", "items": {"type": "string"}},
		"errors": {"type": "array", "description": "The broken rules of the contract.", "items": {
			"type": "object",
			"required": ["rule", "message"],
			"properties": {
				"pointer": {"type": "string", "format": "json-pointer", "description": "The place in the body."},
				"parameter": {"type": "string"},
				"in": {"type": "string", "enum": ["path", "query", "header", "cookie"]},
				"rule": {"type": "string"},
				"expected": {},
				"message": {"type": "string"},
				"hint": {"type": "string"}
			}
		}},
		"more": {"type": "integer", "description": "How many further errors are not listed."}
	}
}`)

// headerObject describes a header field that the gateway adds to responses.
func (e *effective) headerObject(name string) any {
	object := func(description, example string) any {
		return map[string]any{"description": description, "schema": map[string]string{"type": "string"}, "example": example}
	}
	switch name {
	case "RateLimit":
		return object("What is left of each quota policy, and when it is full again.", `"default";r=42;t=30`)
	case "RateLimit-Policy":
		return object("The quota policies of the operation.", `"default";q=100;w=60`)
	case "Deprecation":
		return object("When the version is or was deprecated (RFC 9745).", "@"+strconv.FormatInt(e.Deprecated.Unix(), 10))
	case "Sunset":
		return object("When the version is switched off (RFC 8594).", e.Sunset.UTC().Format(http.TimeFormat))
	default:
		return object("Seconds to wait; waiting exactly that long is enough.", "30")
	}
}
