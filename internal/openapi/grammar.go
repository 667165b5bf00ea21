package openapi

// serverVariable is what the shape of those is called.
const serverVariable = "a server variable"

// document is the root of the tables: the OpenAPI object. The tables follow the
// specifications 3.0.4 §4.7, 3.1.1 §4.8 and 3.2.0 §4 object by object.
var document = newGrammar(newSchemaShape())

// newGrammar builds the tables. Objects that contain themselves are completed
// after they were made.
func newGrammar(schema *shape) *shape {
	parts := newParts(schema)
	tag := object("a tag", map[string]field{
		"name": must(aString), "description": may(aString), "externalDocs": may(parts.docs),
		"summary": late(aString), parentTag: late(aString), "kind": late(aString),
	})
	contact := object("a contact", map[string]field{"name": may(aString), "url": may(aString), "email": may(aString)})
	license := object("a license", map[string]field{"name": may(aString), "url": may(aString), "identifier": since(aString)})
	info := object("the info", map[string]field{
		"title": may(aString), "summary": since(aString), "description": may(aString), "termsOfService": may(aString),
		"contact": may(contact), "license": may(license), "version": may(aString),
	})
	return object("an OpenAPI document", map[string]field{
		"openapi": must(aString), "$self": late(aString), "info": must(info), "jsonSchemaDialect": since(aString), "servers": may(parts.servers),
		"paths": may(withExtensions("the paths", parts.pathItem)), "webhooks": since(mapOf("the webhooks", parts.pathItem)),
		"components": may(parts.components()), "security": may(parts.security),
		"tags": may(listOf("a list of tags", tag)), "externalDocs": may(parts.docs),
	})
}

// parts are the objects that occur in several places.
type parts struct {
	schema, docs, servers, security                   *shape
	example, header, media, parameter, body, response *shape
	link, callback, pathItem, scheme                  *shape
}

func newParts(schema *shape) *parts {
	p := &parts{schema: schema, docs: schema.fields["externalDocs"].shape}
	variable := object(serverVariable, map[string]field{
		"enum": may(strings_), "default": must(aString), "description": may(aString),
	})
	p.servers = listOf("a list of servers", object("a server", map[string]field{
		"url": must(aString), "description": may(aString), "variables": may(mapOf("server variables", variable)), "name": late(aString),
	}))
	p.security = listOf("a list of security requirements", mapOf("a security requirement", strings_))
	p.example = object("an example", map[string]field{
		"summary": may(aString), "description": may(aString), "value": may(anything), "externalValue": may(aString),
		"dataValue": late(anything), "serializedValue": late(aString),
	})
	p.example.section = "examples"
	p.scheme = newSecurityScheme()
	p.contents()
	p.operations()
	return p
}

// contents makes what carries values: media types, headers, parameters, bodies.
func (p *parts) contents() {
	examples := mapOf("examples by name", p.example)
	p.header = object("a header", map[string]field{})
	p.header.section = "headers"
	encoding := object("an encoding", map[string]field{
		"contentType": may(aString), "headers": may(mapOf("headers by name", p.header)), "style": may(aString),
		"explode": may(aBoolean), "allowReserved": may(aBoolean),
	})
	addEncodings(encoding, encoding, late)
	p.media = object("a media type", map[string]field{
		"schema": may(p.schema), "itemSchema": late(p.schema), "example": may(anything), "examples": may(examples),
	})
	p.media.section = mediaTypes
	addEncodings(p.media, encoding, may)
	content := mapOf("content by media type", p.media)
	common := map[string]field{
		"description": may(aString), "required": may(aBoolean), "deprecated": may(aBoolean), "allowEmptyValue": may(aBoolean),
		"style": may(aString), "explode": may(aBoolean), "allowReserved": may(aBoolean),
		"schema": may(p.schema), "example": may(anything), "examples": may(examples), "content": may(content),
	}
	p.parameter = object("a parameter", map[string]field{"name": must(aString), "in": must(aString)})
	p.parameter.section = "parameters"
	for name, f := range common {
		p.header.fields[name], p.parameter.fields[name] = f, f
	}
	p.body = object("a request body", map[string]field{
		"description": may(aString), "content": must(content), "required": may(aBoolean),
	})
	p.body.section = "requestBodies"
	p.link = object("a link", map[string]field{
		"operationRef": may(aString), "operationId": may(aString), "parameters": may(someObject), "requestBody": may(anything),
		"description": may(aString), "server": may(p.servers.each),
	})
	p.link.section = "links"
	p.response = object("a response", map[string]field{
		"description": may(aString), "summary": late(aString), "headers": may(mapOf("headers by name", p.header)), "content": may(content),
		"links": may(mapOf("links by name", p.link)),
	})
	p.response.section = "responses"
}

// addEncodings adds to a media type, or to an encoding since OpenAPI 3.2, how its
// parts are written: by name, and by position.
func addEncodings(s, encoding *shape, byName func(*shape) field) {
	s.fields["encoding"] = byName(mapOf("encodings by property", encoding))
	s.fields["prefixEncoding"] = late(listOf("a list of encodings", encoding))
	s.fields["itemEncoding"] = late(encoding)
}

// operations makes path items, which callbacks contain again.
func (p *parts) operations() {
	p.callback = &shape{name: "a callback", kinds: isObject, section: "callbacks", extensible: true}
	operation := object("an operation", map[string]field{
		"tags": may(strings_), "summary": may(aString), "description": may(aString), "externalDocs": may(p.docs),
		"operationId": may(aString), "parameters": may(listOf("a list of parameters", p.parameter)), "requestBody": may(p.body),
		"responses": may(withExtensions("responses by status", p.response)), "callbacks": may(mapOf("callbacks by name", p.callback)),
		"deprecated": may(aBoolean), "security": may(p.security), "servers": may(p.servers),
	})
	p.pathItem = object("a path item", map[string]field{
		"summary": may(aString), "description": may(aString), "servers": may(p.servers),
		"parameters": may(listOf("a list of parameters", p.parameter)),
	})
	p.pathItem.section = "pathItems"
	for _, method := range methods {
		p.pathItem.fields[method] = may(operation)
	}
	p.pathItem.fields[query] = late(operation)
	p.pathItem.fields[additional] = late(mapOf("operations by method", operation))
	p.callback.each = p.pathItem
}

func (p *parts) components() *shape {
	return object("the components", map[string]field{
		"schemas": may(mapOf("schemas by name", p.schema)), "responses": may(mapOf("responses by name", p.response)),
		"parameters": may(mapOf("parameters by name", p.parameter)), "examples": may(mapOf("examples by name", p.example)),
		"requestBodies": may(mapOf("request bodies by name", p.body)), "headers": may(mapOf("headers by name", p.header)),
		"securitySchemes": may(mapOf("security schemes by name", p.scheme)), "links": may(mapOf("links by name", p.link)),
		"callbacks": may(mapOf("callbacks by name", p.callback)), "pathItems": since(mapOf("path items by name", p.pathItem)),
		mediaTypes: late(mapOf("media types by name", p.media)),
	})
}

func newSecurityScheme() *shape {
	flow := object("an OAuth flow", map[string]field{
		"authorizationUrl": may(aString), "tokenUrl": may(aString), "refreshUrl": may(aString), "scopes": may(mapOf("scopes", aString)),
		"deviceAuthorizationUrl": late(aString),
	})
	flows := object("OAuth flows", map[string]field{
		"implicit": may(flow), "password": may(flow), "clientCredentials": may(flow), "authorizationCode": may(flow),
		"deviceAuthorization": late(flow),
	})
	scheme := object("a security scheme", map[string]field{
		"type": must(aString), "description": may(aString), "name": may(aString), "in": may(aString), "scheme": may(aString),
		"bearerFormat": may(aString), "flows": may(flows), "openIdConnectUrl": may(aString),
		"oauth2MetadataUrl": late(aString), "deprecated": late(aBoolean),
	})
	scheme.section = "securitySchemes"
	return scheme
}
