package auth

import "gateway/internal/problem"

// fault is why a request was refused, finer than the catalogue's reasons. Faults
// are a closed list, so that every refusal is made at load and none of them can
// carry a part of the token into a response or a log.
type fault uint8

// The faults, in the order of the checks.
const (
	none fault = iota

	noToken
	otherScheme
	twoFields
	twoPlaces
	emptyToken
	twoTokens
	tokenTooLong
	notCompact
	encrypted
	notBase64
	headerNotJSON
	critical
	unencodedPayload
	badHeaderMember
	claimsNotJSON
	badClaim
	badTime

	noAlgorithm
	algorithmRefused
	algorithmNotOfKey

	issuerAbsent
	issuerOther
	issuerSlash
	issuerCase

	keysMissing
	keyUnknown
	keyUnnamed
	badSignature

	wrongType
	senderBound
	audienceAbsent
	audienceOther
	noExpiration
	expired
	noIssuedAt
	tooOld
	notYet
	issuedLater

	onDenyList
	denyListUnknown
	unsafeClaim

	twoAPIKeys
	twoCredentials
	apiKeyUnknown
	apiKeyExpired
	apiKeysDown
	apiKeyDamaged
	keyDemanded
	tokenDemanded

	proofMissing
	proofTwice
	proofMalformed
	proofClaims
	proofType
	proofAlgorithm
	proofSignature
	proofKey
	proofPrivateKey
	proofMethod
	proofTarget
	proofNonce
	proofTime
	proofOtherToken
	proofOtherKey
	proofReplayed
	proofsFull
	notBoundToKey
	notBoundToCertificate
	certificateMissing
	certificateOther

	notOpaque
	tokenInactive
	notAsked

	faultCount
)

// challengeError is the error code of a challenge (RFC 6750 §3.1).
type challengeError string

const (
	noError           challengeError = ""
	invalidRequest    challengeError = "invalid_request"
	invalidToken      challengeError = "invalid_token"
	insufficientScope challengeError = "insufficient_scope"
	noChallenge       challengeError = "-"
	// invalidProof and useNonce are those of RFC 9449 §7.1 and §9, with the scheme DPoP.
	invalidProof challengeError = "invalid_dpop_proof"
	useNonce     challengeError = "use_dpop_nonce"
	// apiKeyChallenge asks for an API key. No scheme is registered for them.
	apiKeyChallenge challengeError = "ApiKey"
)

// faults gives for each fault its reason, the status if it is not the reason's, the
// challenge, what the client is told (where the reason is public) and what the log
// is told besides.
var faults = [faultCount]struct {
	reason    *problem.Reason
	status    int
	challenge challengeError
	detail    string
	cause     string
}{
	noToken:     {problem.AuthMissing, 0, noError, "", "the request has no token"},
	otherScheme: {problem.AuthMissing, 0, noError, "The field for the token has another scheme than the one for tokens.", "the field for the token has another scheme"},

	twoFields:        {problem.AuthMalformed, 400, invalidRequest, "The request has the field for the token more than once.", "the field for the token is there more than once"},
	twoPlaces:        {problem.AuthMalformed, 400, invalidRequest, "The request has more than one token.", "tokens in two places, or twice in one"},
	emptyToken:       {problem.AuthMalformed, 400, invalidRequest, "The place for the token is there, but no token in it.", "a place for the token, and no token"},
	twoTokens:        {problem.AuthMalformed, 400, invalidRequest, "The place for the token has more than one token, or white space or commas in it.", "white space or a comma in the token"},
	tokenTooLong:     {problem.AuthMalformed, 0, invalidToken, "The token is too long.", "the token is longer than 16 KiB"},
	notCompact:       {problem.AuthMalformed, 0, invalidToken, "The token does not have three parts with periods between them.", "not three parts with periods between them"},
	encrypted:        {problem.AuthMalformed, 0, invalidToken, "The token has five parts, so it is encrypted (JWE); signed tokens (JWS) are accepted only.", "encrypted token (JWE)"},
	notBase64:        {problem.AuthMalformed, 0, invalidToken, "A part of the token is not canonical base64url without padding.", "a part is not canonical base64url without padding"},
	headerNotJSON:    {problem.AuthMalformed, 0, invalidToken, "The token's header is not one strict JSON object.", "the header is not one strict JSON object"},
	critical:         {problem.AuthMalformed, 0, invalidToken, "The token's header has critical extensions (crit); none is supported.", "the header has crit"},
	unencodedPayload: {problem.AuthMalformed, 0, invalidToken, "The token's payload is marked as unencoded (b64); that is not supported.", "the header has b64"},
	badHeaderMember:  {problem.AuthMalformed, 0, invalidToken, "A member of the token's header has the wrong type.", "kid or typ is not a string"},
	claimsNotJSON:    {problem.AuthMalformed, 0, invalidToken, "The token's payload is not one strict JSON object.", "the payload is not one strict JSON object"},
	badClaim:         {problem.AuthMalformed, 0, invalidToken, "A registered claim of the token has the wrong type.", "iss, sub, aud or scope has the wrong type"},
	badTime:          {problem.AuthMalformed, 0, invalidToken, "A time claim of the token is not a number in range.", "exp, nbf or iat is not a number in range"},

	noAlgorithm:       {problem.AuthAlgorithm, 0, invalidToken, "", "alg is absent, none or not a known algorithm"},
	algorithmRefused:  {problem.AuthAlgorithm, 0, invalidToken, "", "alg is not among the configured algorithms"},
	algorithmNotOfKey: {problem.AuthAlgorithm, 0, invalidToken, "", "alg is not one that the key may be used with"},

	issuerAbsent: {problem.AuthIssuer, 0, invalidToken, "", "iss is absent"},
	issuerOther:  {problem.AuthIssuer, 0, invalidToken, "", "iss is another issuer"},
	issuerSlash:  {problem.AuthIssuer, 0, invalidToken, "", "iss differs from the configured issuer only by a trailing slash"},
	issuerCase:   {problem.AuthIssuer, 0, invalidToken, "", "iss differs from the configured issuer only in upper and lower case"},

	keysMissing:  {problem.AuthKeysUnavailable, 0, noChallenge, "", "no usable keys of the issuer"},
	keyUnknown:   {problem.AuthKeyUnknown, 0, invalidToken, "", "no key of the issuer has the token's kid"},
	keyUnnamed:   {problem.AuthKeyUnknown, 0, invalidToken, "", "the token has no kid and no key, or too many keys, of the issuer fit its alg"},
	badSignature: {problem.AuthSignature, 0, invalidToken, "", "the signature does not verify"},

	wrongType:      {problem.AuthType, 0, invalidToken, "", "typ is not the configured type"},
	senderBound:    {problem.AuthClaims, 401, invalidToken, "The token is bound to its sender (cnf), so it is not a bearer token.", "cnf: the token is bound to its sender"},
	audienceAbsent: {problem.AuthAudience, 0, invalidToken, "", "aud is absent"},
	audienceOther:  {problem.AuthAudience, 0, invalidToken, "", "aud does not contain the configured audience"},
	noExpiration:   {problem.AuthClaims, 401, invalidToken, "The token has no expiration (exp).", "exp is absent"},
	expired:        {problem.AuthExpired, 0, invalidToken, "", "exp has passed"},
	noIssuedAt:     {problem.AuthClaims, 401, invalidToken, "The token does not say when it was issued (iat).", "iat is absent, but max_age is configured"},
	tooOld:         {problem.AuthExpired, 0, invalidToken, "", "iat is longer ago than max_age"},
	notYet:         {problem.AuthNotYet, 0, invalidToken, "", "nbf lies in the future"},
	issuedLater:    {problem.AuthNotYet, 0, invalidToken, "", "iat lies in the future"},

	onDenyList:      {problem.AuthRevoked, 0, invalidToken, "", "the token, its subject, its session or its time of issue is on a deny list"},
	denyListUnknown: {problem.AuthDenyListUnavailable, 0, noChallenge, "", "the shared deny list was not read since the start, and none was kept in storage"},
	unsafeClaim:     {problem.AuthClaims, 403, noChallenge, "A claim of the token cannot be passed on as a header field.", "a claim for an identity header is an object, or holds control characters, outer white space or, in a list, commas"},

	twoAPIKeys:     {problem.AuthMalformed, 400, invalidRequest, "The request has more than one API key.", "more than one field with an API key"},
	twoCredentials: {problem.AuthMalformed, 400, invalidRequest, "The request has an API key and an access token; send one of them.", "an API key and an access token"},
	apiKeyUnknown:  {problem.AuthAPIKey, 0, apiKeyChallenge, "", "no holder has the API key"},
	apiKeyExpired:  {problem.AuthAPIKey, 0, apiKeyChallenge, "", "the API key has expired"},
	apiKeysDown:    {problem.AuthKeysUnavailable, 0, noChallenge, "API keys cannot be looked up right now.", "the shared store of the API keys does not answer"},
	apiKeyDamaged:  {problem.AuthKeysUnavailable, 0, noChallenge, "API keys cannot be looked up right now.", "what the shared store has about the API key is not understood"},
	keyDemanded:    {problem.AuthMissing, 0, apiKeyChallenge, "The operation needs an API key, and not an access token.", "an access token, where the contract demands an API key"},
	tokenDemanded:  {problem.AuthMissing, 0, noError, "The operation needs an access token, and not an API key.", "an API key, where the contract demands an access token"},

	proofMissing:          {problem.AuthProof, 0, invalidProof, "The token is bound to a key, so the request needs the scheme DPoP and a DPoP proof.", "cnf.jkt, but no DPoP proof"},
	proofTwice:            {problem.AuthProof, 0, invalidProof, "The request has more than one DPoP field.", "more than one DPoP field"},
	proofMalformed:        {problem.AuthProof, 0, invalidProof, "The DPoP proof is not one well-formed JWT.", "the proof is not one well-formed JWT"},
	proofClaims:           {problem.AuthProof, 0, invalidProof, "The DPoP proof lacks one of jti, htm, htu, iat and ath, or one has the wrong type.", "the proof lacks a required claim"},
	proofType:             {problem.AuthProof, 0, invalidProof, "The typ of the DPoP proof is not dpop+jwt.", "the typ of the proof is not dpop+jwt"},
	proofAlgorithm:        {problem.AuthProof, 0, invalidProof, "The alg of the DPoP proof is not an accepted asymmetric algorithm, or does not fit its key.", "the alg of the proof is not asymmetric, or not of its key"},
	proofSignature:        {problem.AuthProof, 0, invalidProof, "The signature of the DPoP proof does not verify with its key.", "the signature of the proof does not verify"},
	proofKey:              {problem.AuthProof, 0, invalidProof, "The DPoP proof has no public key (jwk) that can be used.", "the jwk of the proof is absent or unusable"},
	proofPrivateKey:       {problem.AuthProof, 0, invalidProof, "The DPoP proof has a private key in its header; that key is now known to others.", "the jwk of the proof is a private or symmetric key"},
	proofMethod:           {problem.AuthProof, 0, invalidProof, "The htm of the DPoP proof is another method than the request has.", "htm is another method"},
	proofTarget:           {problem.AuthProof, 0, invalidProof, "The htu of the DPoP proof is another address than the request has.", "htu is another address"},
	proofNonce:            {problem.AuthProof, 0, useNonce, "The DPoP proof needs the nonce of the field DPoP-Nonce.", "the nonce is absent, too old or not ours"},
	proofTime:             {problem.AuthProof, 0, invalidProof, "The DPoP proof was not made now (iat).", "the iat of the proof is outside the window"},
	proofOtherToken:       {problem.AuthProof, 0, invalidProof, "The DPoP proof is for another token (ath).", "ath is the hash of another token"},
	proofOtherKey:         {problem.AuthProof, 0, invalidProof, "The DPoP proof was made with another key than the token is bound to.", "the key of the proof is not that of cnf.jkt"},
	proofReplayed:         {problem.AuthProof, 0, invalidProof, "The DPoP proof was used before.", "the proof was used before"},
	proofsFull:            {problem.AuthProof, 503, noChallenge, "Too many DPoP proofs are in use at the moment.", "as many proofs are remembered as can be"},
	notBoundToKey:         {problem.AuthProof, 0, invalidToken, "The token is not bound to a key (cnf.jkt).", "no cnf.jkt, but the scheme DPoP, or dpop required"},
	notBoundToCertificate: {problem.AuthProof, 0, invalidToken, "The token is not bound to a certificate (cnf.x5t#S256).", "no cnf.x5t#S256, but mtls required"},
	certificateMissing:    {problem.AuthProof, 0, invalidToken, "The token is bound to a certificate, and the connection has none.", "cnf.x5t#S256, but no client certificate"},
	certificateOther:      {problem.AuthProof, 0, invalidToken, "The token is bound to another certificate than the connection has.", "the client certificate is not that of cnf.x5t#S256"},

	notOpaque:     {problem.AuthMalformed, 0, invalidToken, "The token has characters in it that no access token has.", "characters that no access token has"},
	tokenInactive: {problem.AuthInactive, 0, invalidToken, "", "the introspection endpoint does not call the token active"},
	notAsked:      {problem.AuthKeysUnavailable, 0, noChallenge, "", "the introspection endpoint cannot be asked, or its answer cannot be used"},
}

// Error gives the text for the log.
func (f fault) Error() string { return faults[f].cause }
