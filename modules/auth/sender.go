package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"
)

// binding is what a token says about its sender (cnf, RFC 7800 §3.1).
type binding struct {
	// jkt is the thumbprint of the key of a DPoP proof (RFC 9449 §6.1), and x5t that of
	// a client certificate (RFC 8705 §3.1).
	jkt, x5t string
	// other says that there is something else in it, too, that is not verified here.
	other bool
}

// readBinding reads the claim cnf.
func readBinding(claim any) (b binding) {
	members, ok := claim.(map[string]any)
	if !ok || len(members) == 0 {
		return binding{other: true}
	}
	for name, value := range members {
		text, ok := value.(string)
		switch {
		case !ok || text == "":
			b.other = true
		case name == "jkt":
			b.jkt = text
		case name == "x5t#S256":
			b.x5t = text
		default:
			b.other = true
		}
	}
	return b
}

// senders are the ways in which a handler has senders prove that a token is theirs.
// The zero value accepts bearer tokens only.
type senders struct {
	dpop *dpop
	// certificates accepts tokens that are bound to the client's certificate.
	certificates bool
	// proofRequired and certificateRequired refuse tokens that are not bound that way.
	proofRequired, certificateRequired bool
}

// some tells whether bound tokens can be accepted at all.
func (s *senders) some() bool { return s.dpop != nil || s.certificates }

// demanded tells whether unbound tokens are refused.
func (s *senders) demanded() bool { return s.proofRequired || s.certificateRequired }

// credential finds the token of a request, and tells whether it came with the scheme
// DPoP. text and f are what was found elsewhere.
func (s *senders) credential(header http.Header, text string, f fault) (string, bool, fault) {
	if s.dpop == nil {
		return text, false, f
	}
	proven, g := fieldToken(header["Authorization"], "DPoP")
	switch {
	case g == noToken, g == otherScheme, g == twoFields:
		return text, false, f
	case f != noToken && f != otherScheme:
		return "", false, twoPlaces
	}
	return proven, true, g
}

// confirm tells whether a good token was sent by whom it was given to. nonce is one
// that the client should use from now on, or "".
func (s *senders) confirm(r *http.Request, v *verified, text string, byProof bool, now time.Time) (nonce string, f fault) {
	b := &v.binding
	switch {
	case v.bound && (b.other || b.jkt != "" && s.dpop == nil || b.x5t != "" && !s.certificates):
		return "", senderBound
	case b.jkt != "" && !byProof:
		return "", proofMissing // never as a bearer token (RFC 9449 §7.2)
	case b.jkt == "" && byProof, b.jkt == "" && s.proofRequired:
		return "", notBoundToKey
	case b.x5t == "" && s.certificateRequired:
		return "", notBoundToCertificate
	}
	if b.x5t != "" {
		if f := confirmCertificate(r, b.x5t); f != none {
			return "", f
		}
	}
	if b.jkt != "" {
		return s.dpop.check(r, b.jkt, text, now)
	}
	return "", none
}

// confirmCertificate compares the certificate of the connection with the one that a
// token is bound to (RFC 8705 §3). A certificate in a header field counts for nothing.
func confirmCertificate(r *http.Request, thumbprint string) fault {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return certificateMissing
	}
	sum := sha256.Sum256(r.TLS.PeerCertificates[0].Raw)
	if base64.RawURLEncoding.EncodeToString(sum[:]) != thumbprint {
		return certificateOther
	}
	return none
}
