package problem

import "net/http"

// The route stage: which operation is meant.
var (
	RoutePath = &Reason{
		Code: "route.path", Status: http.StatusBadRequest,
		Title: "The path has more than one reading",
		Hint:  "Send the path in its plain form: no encoded slashes or backslashes, no dot segments, no empty segments, no double encoding.",
		About: "A path such as `/public/..%2fadmin` is read differently by different servers. The gateway uses one path for routing, policy, metrics and forwarding, so whatever has two readings is refused before anything else looks at it.",
	}
	RouteNotFound = &Reason{
		Code: "route.not_found", Status: http.StatusNotFound,
		Title: "No such operation",
		Hint:  "Compare the path with the API's contract, including its version and base path.",
		About: "The path matches no path template of the contract. The contract is the list of what exists: a path that is not in it never reaches the service.",
	}
	RouteMethod = &Reason{
		Code: "route.method", Status: http.StatusMethodNotAllowed,
		Title: "The method is not allowed here",
		Hint:  "Use one of the methods in the Allow header.",
		About: "The path exists in the contract, the method does not. Method names are case-sensitive (RFC 9110 §9.1): `post` is not `POST`. Method override headers are not interpreted.",
	}
)

// The version stage: which version of the API is meant, and whether it still lives.
var (
	VersionMissing = &Reason{
		Code: "version.missing", Status: http.StatusBadRequest,
		Title: "The request names no API version",
		Hint:  "Name one of the supported versions the way the API asks for it.",
		About: "The API has no default version, so every request has to choose one. The body lists the supported versions.",
	}
	VersionUnknown = &Reason{
		Code: "version.unknown", Status: http.StatusNotFound,
		Title: "No such API version",
		Hint:  "Use one of the supported versions.",
		About: "The version that the request names is not served here. The status is 404 where the path names it, 406 where `Accept` does, 415 where `Content-Type` does, and 400 elsewhere. The body and the header `API-Supported-Versions` list what there is.",
	}
	VersionConflict = &Reason{
		Code: "version.conflict", Status: http.StatusBadRequest,
		Title: "The request names two different API versions",
		Hint:  "Name the version once, or the same one everywhere.",
		About: "Two selectors of the request (say, the path and a header) disagree. Guessing which one was meant would serve somebody the wrong version.",
	}
	VersionSunset = &Reason{
		Code: "version.sunset", Status: http.StatusGone,
		Title: "This API version has been switched off",
		Hint:  "Move to the successor version; the Link header names it.",
		About: "The sunset date of the version (RFC 8594) has passed. It was announced in the `Deprecation` and `Sunset` headers of every response before.",
	}
)

// AuthRejected is the public face of every reason that would tell the holder of a
// bad token which part of it to work on.
var AuthRejected = &Reason{
	Code: "auth.rejected", Status: http.StatusUnauthorized,
	Title: "The access token was not accepted",
	Hint:  "Get a new token from the issuer of this API, for this API, and send it unchanged.",
	About: "The token was read and refused. The exact reason is in the gateway's log, metrics and console under the request id, not in the response: it would help to forge a better token.",
}

// The auth stage: who is calling, and may they.
var (
	AuthMissing = &Reason{
		Code: "auth.missing", Status: http.StatusUnauthorized,
		Title: "An access token is required",
		Hint:  "Send `Authorization: Bearer <token>`.",
		About: "The operation demands a token and the request has none where the gateway is configured to look.",
	}
	AuthMalformed = &Reason{
		Code: "auth.malformed", Status: http.StatusUnauthorized,
		Title: "The credentials are not a well-formed token",
		Hint:  "Send exactly one token, as `Authorization: Bearer <header>.<payload>.<signature>`.",
		About: "The credentials are not one compact JWS of base64url parts with strict JSON inside (RFC 7515, RFC 7519), or the request carries two of them (400, RFC 6750 §3.1). Encrypted tokens (JWE), JSON serialization, critical header extensions and unencoded payloads are refused here too.",
	}
	AuthAlgorithm = &Reason{
		Code: "auth.algorithm", Status: http.StatusUnauthorized,
		Title: "The token's algorithm is not accepted", Public: AuthRejected,
		Hint:  "Sign with one of the algorithms that the key and the configuration allow.",
		About: "The key decides which algorithm it is used with; the token only names one of them (RFC 8725 §3.1). `none` is never accepted.",
	}
	AuthSignature = &Reason{
		Code: "auth.signature", Status: http.StatusUnauthorized,
		Title: "The token's signature is wrong", Public: AuthRejected,
		Hint:  "Check that the token arrives unchanged and comes from the configured issuer.",
		About: "The signature does not verify with the issuer's key.",
	}
	AuthKeyUnknown = &Reason{
		Code: "auth.key_unknown", Status: http.StatusUnauthorized,
		Title: "The token's key is unknown", Public: AuthRejected,
		Hint:  "Check that the issuer publishes the key that the token's `kid` names.",
		About: "No key of the configured issuer fits the token's `kid`. The gateway asked the issuer again, at most once per cooldown, before it refused.",
	}
	AuthIssuer = &Reason{
		Code: "auth.issuer", Status: http.StatusUnauthorized,
		Title: "The token is from another issuer", Public: AuthRejected,
		Hint:  "Compare the token's `iss` with the configured issuer, character by character; a trailing slash counts.",
		About: "`iss` has to equal the configured issuer exactly (RFC 8725 §3.8).",
	}
	AuthAudience = &Reason{
		Code: "auth.audience", Status: http.StatusUnauthorized,
		Title: "The token is meant for another audience", Public: AuthRejected,
		Hint:  "Ask the issuer for a token for this API's audience.",
		About: "`aud` has to contain the configured audience exactly (RFC 8725 §3.9).",
	}
	AuthType = &Reason{
		Code: "auth.type", Status: http.StatusUnauthorized,
		Title: "The token is of another type",
		Hint:  "Send the access token, not an ID token or refresh token.",
		About: "`typ` in the token's header is not the type that the configuration demands, such as `at+jwt` (RFC 9068 §4). An ID token, a logout token or a DPoP proof is signed by the same issuer, but it is no access token (RFC 8725 §3.11).",
	}
	AuthExpired = &Reason{
		Code: "auth.expired", Status: http.StatusUnauthorized,
		Title: "The access token has expired",
		Hint:  "Refresh the token and try again.",
		About: "`exp` has passed by more than the leeway. If fresh tokens are refused too, compare the clocks of issuer and gateway.",
	}
	AuthNotYet = &Reason{
		Code: "auth.not_yet", Status: http.StatusUnauthorized,
		Title: "The token is not valid yet", Public: AuthRejected,
		Hint:  "Compare the clocks of issuer and gateway.",
		About: "`nbf` or `iat` lies in the future by more than the leeway.",
	}
	AuthScope = &Reason{
		Code: "auth.scope", Status: http.StatusForbidden,
		Title: "The token lacks a scope",
		Hint:  "Ask for a token with the scopes that the response names.",
		About: "The token is good, but the operation needs a scope that it does not have (RFC 6750 §3.1, `insufficient_scope`).",
	}
	AuthClaims = &Reason{
		Code: "auth.claims", Status: http.StatusForbidden,
		Title: "The token's claims do not allow this",
		Hint:  "Ask the operator of the API which claims the operation needs.",
		About: "The token is good, but a rule of the configuration about its claims says no; or a claim that the configuration demands is absent (401).",
	}
	AuthRevoked = &Reason{
		Code: "auth.revoked", Status: http.StatusUnauthorized,
		Title: "The token has been revoked", Public: AuthRejected,
		Hint:  "Log in again.",
		About: "The token, its session or its subject is on the deny list.",
	}
	AuthKeysUnavailable = &Reason{
		Code: "auth.keys_unavailable", Status: http.StatusServiceUnavailable,
		Title: "Tokens cannot be verified right now",
		Hint:  "Try again after the time in Retry-After; the token is not at fault.",
		About: "The issuer's keys cannot be fetched and no usable copy is left. That is the issuer's or the gateway's fault, so it is never a 401, and never an open door.",
	}
)

// The limit stage: how often.
var (
	LimitExceeded = &Reason{
		Code: "limit.exceeded", Status: http.StatusTooManyRequests,
		Title: "Too many requests",
		Hint:  "Wait for the time in Retry-After; waiting exactly that long is enough.",
		About: "A quota policy has no units left for this partition key. `RateLimit-Policy` and `RateLimit` describe the policies; the body names the violated one.",
	}
	LimitKeyMissing = &Reason{
		Code: "limit.key_missing", Status: http.StatusBadRequest,
		Title: "The request lacks what the limit is counted by",
		Hint:  "Send what the API asks every caller to send, such as the header that names the tenant.",
		About: "A quota policy with `missing deny` found its partition key empty: the header is absent, or nobody is logged in. The body names the policy; its `key` is in the configuration.",
	}
	LimitConcurrency = &Reason{
		Code: "limit.concurrency", Status: http.StatusTooManyRequests,
		Title: "Too many requests at once",
		Hint:  "Wait for earlier requests to finish.",
		About: "As many requests of this partition key as the policy allows are in flight.",
	}
	LimitStoreUnavailable = &Reason{
		Code: "limit.store_unavailable", Status: http.StatusServiceUnavailable,
		Title: "The limit cannot be checked right now",
		Hint:  "Try again after the time in Retry-After.",
		About: "The shared store of the limits is out of reach and the policy is configured to refuse in that case.",
	}
)

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
		Hint:  "Send the body without Content-Encoding.",
		About: "What cannot be decoded cannot be validated, so it is refused.",
	}
	SchemaTooLarge = &Reason{
		Code: "schema.too_large", Status: http.StatusRequestEntityTooLarge,
		Title: "The body is too large",
		Hint:  "Send less than the limit that the response names.",
		About: "The body is longer than `max_body`. The declared length is checked first, then what is read is counted.",
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

// ChangeFailed belongs to the stage that carries requests between versions.
var ChangeFailed = &Reason{
	Code: "change.failed", Status: http.StatusBadGateway,
	Title: "The message could not be carried to another API version",
	Hint:  "Tell the operator of the API, with the request id.",
	About: "A change between two versions of the API could not be applied to this message.",
}

// The upstream stage: what became of the request behind the gateway.
var (
	UpstreamRefused = &Reason{
		Code: "upstream.refused", Status: http.StatusBadGateway,
		Title: "The service cannot be reached",
		Hint:  "Try again later.",
		About: "No connection to the service could be made: refused, unreachable, or its name did not resolve.",
	}
	UpstreamTimeout = &Reason{
		Code: "upstream.timeout", Status: http.StatusGatewayTimeout,
		Title: "The service did not answer in time",
		Hint:  "Try again later; the request may or may not have taken effect.",
		About: "A time-out of the proxy ran out while it waited for the service.",
	}
	UpstreamReset = &Reason{
		Code: "upstream.reset", Status: http.StatusBadGateway,
		Title: "The service broke off the connection",
		Hint:  "Try again later; the request may or may not have taken effect.",
		About: "The connection to the service ended before its answer was complete. Where the answer had begun, the client's connection is cut as well, so that half an answer never looks whole.",
	}
	UpstreamNoHealthy = &Reason{
		Code: "upstream.no_healthy", Status: http.StatusServiceUnavailable,
		Title: "No instance of the service is available",
		Hint:  "Try again later.",
		About: "Every upstream is marked unhealthy or at its limit.",
	}
	UpstreamBadResponse = &Reason{
		Code: "upstream.bad_response", Status: http.StatusBadGateway,
		Title: "The service gave an unreadable answer",
		Hint:  "Tell the operator of the API, with the request id.",
		About: "What the service sent is not a valid HTTP response.",
	}
)

// catalogue lists every reason in the order of the pipeline. It is written out, and
// a test compares it with the variables above, so that the list can be read.
var catalogue = []*Reason{
	RoutePath, RouteNotFound, RouteMethod,
	VersionMissing, VersionUnknown, VersionConflict, VersionSunset,
	AuthMissing, AuthMalformed, AuthAlgorithm, AuthSignature, AuthKeyUnknown, AuthIssuer, AuthAudience,
	AuthType, AuthExpired, AuthNotYet, AuthScope, AuthClaims, AuthRevoked, AuthKeysUnavailable, AuthRejected,
	LimitExceeded, LimitKeyMissing, LimitConcurrency, LimitStoreUnavailable,
	SchemaContentType, SchemaEncoding, SchemaTooLarge, SchemaNotJSON, SchemaTooDeep, SchemaDuplicateKey,
	SchemaPath, SchemaQuery, SchemaHeader, SchemaCookie, SchemaBody, SchemaResponse,
	ChangeFailed,
	UpstreamRefused, UpstreamTimeout, UpstreamReset, UpstreamNoHealthy, UpstreamBadResponse,
}
