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
	RouteContractUnavailable = &Reason{
		Code: "route.contract_unavailable", Status: http.StatusServiceUnavailable,
		Title: "The API's contract is not there yet",
		Hint:  "Try again after the time in Retry-After.",
		About: "The gateway fetches the contract of this API from its service, and has never got one that can be used. Until it does, nobody knows which operations there are and whom they are for, so nothing is let through. The log says why, and `gateway_contract_healthy` is 0; once there was a contract, it is kept, also over restarts.",
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
		About: "The version that the request names is not served here. The status is 404 where the path or the host names it, 406 where `Accept` does, 415 where `Content-Type` does, and 400 elsewhere. The body and the header `API-Supported-Versions` list what there is.",
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
	VersionBrownout = &Reason{
		Code: "version.brownout", Status: http.StatusGone,
		Title: "This API version is switched off for a while",
		Hint:  "Move to the successor version, which the Link header names; this one answers again after the time in Retry-After, until its sunset.",
		About: "A brownout rehearses the sunset of the version: those who still use it find out while it can be switched on again. It was announced in the header `API-Brownout` of every response before. The status is that of the sunset itself, 410, and not 503: nothing is broken, nothing should be retried until it works, and no load balancer should take the gateway for ill. The answer is not to be stored.",
	}
)

// quotaExceeded is the problem type of draft-ietf-httpapi-ratelimit-headers-10 for a
// client that has used up its share, whatever the unit of the quota.
const quotaExceeded = "https://iana.org/assignments/http-problem-types#quota-exceeded"

// The limit stage: how often.
var (
	LimitExceeded = &Reason{
		Code: "limit.exceeded", Status: http.StatusTooManyRequests,
		Title: "Too many requests", Type: quotaExceeded,
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
		Title: "Too many requests at once", Type: quotaExceeded,
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
// a test compares it with the variables of the catalogue's files, so that the list can
// be read.
var catalogue = []*Reason{
	RoutePath, RouteNotFound, RouteMethod, RouteContractUnavailable,
	VersionMissing, VersionUnknown, VersionConflict, VersionBrownout, VersionSunset,
	AuthMissing, AuthMalformed, AuthAlgorithm, AuthSignature, AuthKeyUnknown, AuthIssuer, AuthAudience,
	AuthType, AuthExpired, AuthNotYet, AuthScope, AuthClaims, AuthRevoked, AuthDenyListUnavailable, AuthInactive, AuthAPIKey, AuthProof, AuthKeysUnavailable, AuthRejected,
	LimitExceeded, LimitKeyMissing, LimitConcurrency, LimitStoreUnavailable,
	SchemaContentType, SchemaEncoding, SchemaTooLarge, SchemaNotJSON, SchemaTooDeep, SchemaDuplicateKey,
	SchemaPath, SchemaQuery, SchemaHeader, SchemaCookie, SchemaBody, SchemaResponse,
	MockPrefer, MockAccept,
	ChangeFailed,
	UpstreamRefused, UpstreamTimeout, UpstreamReset, UpstreamNoHealthy, UpstreamBadResponse,
}
