package problem

import "net/http"

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
	AuthDenyListUnavailable = &Reason{
		Code: "auth.deny_list_unavailable", Status: http.StatusServiceUnavailable,
		Title: "Nobody knows right now whether the token was revoked",
		Hint:  "Try again after the time in Retry-After; the token is not at fault.",
		About: "The gateways share a deny list over Redis. Since this one was started it could not read the list, and none was kept in its storage, so a token that was taken back would not be noticed. `deny_list { on_error open }` lets tokens through meanwhile.",
	}
	AuthInactive = &Reason{
		Code: "auth.inactive", Status: http.StatusUnauthorized,
		Title: "The access token is not active",
		Hint:  "Refresh the token and try again.",
		About: "The issuer was asked about the token (RFC 7662) and says that it is not active: it has expired, was revoked or was never given out. Which of them it is only the issuer knows.",
	}
	AuthProof = &Reason{
		Code: "auth.proof", Status: http.StatusUnauthorized,
		Title: "The sender did not prove that the token is theirs",
		Hint:  "Send a fresh DPoP proof for this request and this token, or use the certificate that the token is bound to.",
		About: "A token that is bound to its sender (`cnf`) is of no use to others: the sender has to prove that they have its key, by a DPoP proof (RFC 9449 §4.3) or a client certificate (RFC 8705 §3). A proof is for one request, and good once. If the challenge says `use_dpop_nonce`, repeat the request with the nonce of the field `DPoP-Nonce` in the proof.",
	}
	AuthAPIKey = &Reason{
		Code: "auth.api_key", Status: http.StatusUnauthorized,
		Title: "The API key is not accepted",
		Hint:  "Send a key that is in force, as it was given out; `gateway token key` makes keys.",
		About: "No entry in the file of API keys, or in Redis, has the hash of the key, or the entry has expired. The log says which. A key that was replaced stops working when its entry is taken out.",
	}
	AuthKeysUnavailable = &Reason{
		Code: "auth.keys_unavailable", Status: http.StatusServiceUnavailable,
		Title: "Tokens cannot be verified right now",
		Hint:  "Try again after the time in Retry-After; the token, or API key, is not at fault.",
		About: "The issuer's keys cannot be fetched and no usable copy is left, the issuer cannot be asked about an opaque token, or the store cannot be asked about an API key. That is the issuer's or the gateway's fault, so it is never a 401, and never an open door.",
	}
)
