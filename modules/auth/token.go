package auth

import (
	"encoding/base64"
	"strings"
)

// token is a compact JWS, taken apart but not yet believed (RFC 7515 §3.1).
type token struct {
	alg       algorithm
	kid       string
	named     bool // whether there is a kid
	typ       string
	signed    []byte // what the signature covers
	signature []byte
	claims    map[string]any
}

// parse takes a compact JWS apart and checks its form. Nothing in the header is
// ever followed: jwk, jku, x5u and x5c are as good as absent (RFC 8725 §3.10).
func parse(text string) (token, fault) {
	first := strings.IndexByte(text, '.')
	last := strings.LastIndexByte(text, '.')
	if first < 0 || first == last || strings.IndexByte(text[first+1:last], '.') >= 0 {
		if strings.Count(text, ".") == 4 {
			return token{}, encrypted
		}
		return token{}, notCompact
	}
	header, ok1 := decodeBase64(text[:first])
	payload, ok2 := decodeBase64(text[first+1 : last])
	signature, ok3 := decodeBase64(text[last+1:])
	if !ok1 || !ok2 || !ok3 {
		return token{}, notBase64
	}
	t := token{signed: []byte(text[:last]), signature: signature}
	if f := t.readHeader(string(header)); f != none {
		return token{}, f
	}
	var ok bool
	if t.claims, ok = decodeObject(string(payload)); !ok {
		return token{}, claimsNotJSON
	}
	return t, none
}

// isJWS tells whether text was meant as a compact JWS, even if it is a bad one: three
// parts, the first of which is a JSON object. All other tokens are opaque.
func isJWS(text string) bool {
	header, rest, _ := strings.Cut(text, ".")
	if strings.Count(rest, ".") != 1 {
		return false
	}
	decoded, _ := base64.RawURLEncoding.DecodeString(strings.TrimRight(header, "="))
	return strings.HasPrefix(strings.TrimLeft(string(decoded), " \t\r\n"), "{")
}

// readHeader reads the JOSE header (RFC 7515 §4.1).
func (t *token) readHeader(text string) fault {
	header, ok := decodeObject(text)
	if !ok {
		return headerNotJSON
	}
	if _, has := header["crit"]; has {
		return critical // no extension is supported, so any list is wrong (§4.1.11)
	}
	if _, has := header["b64"]; has {
		return unencodedPayload // RFC 7797 wants it listed in crit as well
	}
	if kid, has := header["kid"]; has {
		if t.kid, t.named = kid.(string); !t.named {
			return badHeaderMember
		}
	}
	if typ, has := header["typ"]; has {
		if t.typ, ok = typ.(string); !ok {
			return badHeaderMember
		}
	}
	name, _ := header["alg"].(string)
	if t.alg = parseAlgorithm(name); t.alg == unknownAlgorithm {
		return noAlgorithm
	}
	return none
}

var strictBase64 = base64.RawURLEncoding.Strict()

// decodeBase64 decodes base64url without padding (RFC 7515 §2). Bits left over in
// the last character have to be zero, so that no two spellings mean one token, and
// line breaks, which the standard decoder skips, are refused.
func decodeBase64(text string) ([]byte, bool) {
	if strings.IndexByte(text, '\r') >= 0 || strings.IndexByte(text, '\n') >= 0 {
		return nil, false
	}
	data, err := strictBase64.DecodeString(text)
	return data, err == nil
}
