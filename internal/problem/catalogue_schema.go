package problem

import "net/http"

// The schema stage: does the request keep the contract.
var (
	SchemaContentType = &Reason{
		Code: "schema.content_type", Status: http.StatusUnsupportedMediaType,
		Title: "The media type of the body is not accepted",
		Hint:  "Send the body as one of the media types that the operation declares.",
		About: "The operation takes the media types that its contract lists and no others. An absent, repeated or malformed Content-Type counts as undeclared; otherwise a body could slip past validation in disguise.",
	}
	SchemaEncoding = &Reason{
		Code: "schema.encoding", Status: http.StatusUnsupportedMediaType,
		Title: "The content coding of the body is not accepted",
		Hint:  "Send the body without Content-Encoding, or once with a coding that Accept-Encoding of the response lists.",
		About: "What cannot be decoded cannot be validated, so it is refused. `decode` names the codings that are: `gzip`, `deflate` and `zstd` unless it says otherwise. A body that is not one whole stream of its coding, with nothing behind it, is refused with 400.",
	}
	SchemaTooLarge = &Reason{
		Code: "schema.too_large", Status: http.StatusRequestEntityTooLarge,
		Title: "The body is too large",
		Hint:  "Send less than the limit that the response names.",
		About: "The body is longer than `max_body`. The declared length is checked first, then what is read is counted. A body with a content coding is counted decoded as well, and may become 100 times as long at most. With status 503 it is not too large as such, but the gateway has no room for another upload at the moment.",
	}
	SchemaNotJSON = &Reason{
		Code: "schema.not_json", Status: http.StatusBadRequest,
		Title: "The body is not well-formed JSON",
		Hint:  "Check the syntax near the offset that the response names.",
		About: "JSON as RFC 8259 has it: UTF-8, one value, nothing after it, no byte order mark, no lone surrogates.",
	}
	SchemaTooDeep = &Reason{
		Code: "schema.too_deep", Status: http.StatusBadRequest,
		Title: "The body is too complex",
		Hint:  "Nest less deeply, or use shorter numbers, strings and lists.",
		About: "The body exceeds a bound on depth, number length or member count that protects the gateway and the service.",
	}
	SchemaDuplicateKey = &Reason{
		Code: "schema.duplicate_key", Status: http.StatusBadRequest,
		Title: "An object of the body has the same member twice",
		Hint:  "Name each member of an object once.",
		About: "Parsers disagree about which of two equal members counts; what was validated would not be what the service reads.",
	}
	SchemaPath = &Reason{
		Code: "schema.path", Status: http.StatusBadRequest,
		Title: "A path parameter does not match the contract",
		Hint:  "Correct the parameters that the response lists.",
		About: "A value in the path does not have the type, format or range that the contract gives it.",
	}
	SchemaQuery = &Reason{
		Code: "schema.query", Status: http.StatusBadRequest,
		Title: "A query parameter does not match the contract",
		Hint:  "Correct the parameters that the response lists.",
		About: "A query parameter is missing, repeated, badly encoded or does not have the type, format or range that the contract gives it.",
	}
	SchemaHeader = &Reason{
		Code: "schema.header", Status: http.StatusBadRequest,
		Title: "A header does not match the contract",
		Hint:  "Correct the headers that the response lists.",
		About: "A header that the contract declares is missing or does not have the type, format or range that the contract gives it.",
	}
	SchemaCookie = &Reason{
		Code: "schema.cookie", Status: http.StatusBadRequest,
		Title: "A cookie does not match the contract",
		Hint:  "Correct the cookies that the response lists.",
		About: "A cookie that the contract declares is missing or does not have the type, format or range that the contract gives it.",
	}
	SchemaBody = &Reason{
		Code: "schema.body", Status: http.StatusUnprocessableEntity,
		Title: "Request body does not match the contract",
		Hint:  "Correct the members that the response lists.",
		About: "The body is well-formed, but its content breaks the schema of the operation. All violations are listed, up to a cap.",
	}
	SchemaResponse = &Reason{
		Code: "schema.response", Status: http.StatusBadGateway,
		Title: "The service broke its contract",
		Hint:  "Tell the operator of the API, with the request id.",
		About: "The response of the service does not match the contract and responses are enforced.",
	}
)
