package versioning

import (
	"encoding/json"

	"gateway/internal/exchange"
)

// lookClaim takes a claim of the verified caller. Nobody is asked who is anonymous. A
// claim that is there and is no version, such as a list or an object, is an unknown one:
// the issuer means something, and a default would be a guess.
func (s *selector) lookClaim(set *set, caller exchange.Identity, c *choice) {
	if caller == nil {
		return
	}
	claim, ok := caller.Claim(s.name)
	if !ok {
		return
	}
	switch text := claim.(type) {
	case string:
		c.name(set.find(text), unknownClaim)
	case json.Number:
		c.name(set.find(string(text)), unknownClaim)
	default:
		c.name(nil, unknownClaim)
	}
}

// caller returns whose token it is, as far as that is verified. Inside an api block
// auth has not spoken yet, outside of one it stands before versioning.
func (h *Handler) caller(x *exchange.Exchange) exchange.Identity {
	if h.bound {
		return x.Verified()
	}
	return x.Identity
}

// Claim returns the selector of a claim, or nil. The claim is that of a token, so
// whoever puts the handler into a flow has to put auth before it.
func (h *Handler) Claim() *Selector {
	for i := range h.Selectors {
		if h.Selectors[i].In == claimPlace {
			return &h.Selectors[i]
		}
	}
	return nil
}

// claimPlace is the word for a claim in a configuration.
const claimPlace = "claim"

// varies are the request fields that the claim comes in.
func (h *Handler) varies(x *exchange.Exchange) {
	if !h.plan.claims {
		return
	}
	if x.Credentials == nil {
		x.Vary("Authorization") // nobody has looked yet, whatever became of the request
		return
	}
	for _, field := range *x.Credentials {
		x.Vary(field)
	}
}
