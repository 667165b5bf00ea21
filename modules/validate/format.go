package validate

import (
	"encoding/base64"
	"math/big"
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
)

// textFormats are the formats of strings that are checked. A format says nothing
// about values of another type.
var textFormats = map[string]func(string) bool{
	"byte":                  isBase64,
	"date":                  isDate,
	"date-time":             isDateTime,
	"duration":              isDuration,
	"email":                 isEmail,
	"hostname":              isHostname,
	"idn-email":             isInternationalEmail,
	"idn-hostname":          isInternationalHostname,
	"ipv4":                  isIPv4,
	"ipv6":                  isIPv6,
	"iri":                   func(s string) bool { return isReference(s, true) && isAbsolute(s) },
	"iri-reference":         func(s string) bool { return isReference(s, true) },
	"json-pointer":          isPointer,
	"regex":                 isRegex,
	"relative-json-pointer": isRelativePointer,
	"time":                  isTime,
	"uri":                   func(s string) bool { return isReference(s, false) && isAbsolute(s) },
	"uri-reference":         func(s string) bool { return isReference(s, false) },
	"uri-template":          isTemplate,
	"uuid":                  isUUID,
}

// numberFormats are the formats of numbers that are checked (OpenAPI 3.1 §4.4). A
// number with a fraction is within the range or not; whether it has to be an integer
// is up to the type.
var numberFormats = map[string]*span{
	"int8": newSpan(-1<<7, 1<<7-1), "int16": newSpan(-1<<15, 1<<15-1),
	"int32": newSpan(-1<<31, 1<<31-1), "int64": newSpan(-1<<63, 1<<63-1),
	"uint8": newSpan(0, 1<<8-1), "uint16": newSpan(0, 1<<16-1),
	"uint32": newSpan(0, 1<<32-1), "uint64": newSpan(0, 1<<64-1),
}

// span is a closed range of numbers.
type span struct{ low, high *quantity }

func newSpan(low int64, high uint64) *span {
	return &span{newQuantity(new(big.Rat).SetInt64(low)), newQuantity(new(big.Rat).SetUint64(high))}
}

func (s *span) has(n *number) bool { return n.compare(s.low) >= 0 && n.compare(s.high) <= 0 }

// descriptive are well-known formats that describe a value without restricting it
// further.
var descriptive = map[string]bool{
	"": true, "float": true, "double": true, "binary": true, "password": true, "decimal": true,
	"html": true, "markdown": true, "char": true, "commonmark": true, "media-range": true,
}

// formatExamples show what a format looks like. They are part of hints.
var formatExamples = map[string]string{
	"date-time": "2026-01-31T09:30:00Z", "date": "2026-01-31", "time": "09:30:00Z", "duration": "P1DT12H",
	"email": "name@example.com", "hostname": "api.example.com", "ipv4": "192.0.2.1", "ipv6": "2001:db8::1",
	"uri": "https://example.com/a", "uri-reference": "/a?b=c", "uri-template": "/a/{id}", "iri": "https://example.com/a",
	"uuid": "123e4567-e89b-12d3-a456-426614174000", "json-pointer": "/items/0", "byte": "aGVsbG8=", "regex": "^[a-z]+$",
}

func isBase64(s string) bool {
	_, err := base64.StdEncoding.DecodeString(s)
	return err == nil
}

func isIPv4(s string) bool {
	ip, err := netip.ParseAddr(s)
	return err == nil && ip.Is4()
}

func isIPv6(s string) bool {
	ip, err := netip.ParseAddr(s)
	return err == nil && ip.Is6() && ip.Zone() == ""
}

// isHostname follows RFC 1123 §2.1; labels that claim to be punycode have to be
// (RFC 5891 §4.4).
func isHostname(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if !isLabel(label) {
			return false
		}
	}
	return true
}

func isLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for i := 0; i < len(label); i++ {
		if c := label[i]; !isAlphanumeric(c) && c != '-' {
			return false
		}
	}
	if len(label) >= 4 && label[2:4] == "--" {
		return isInternationalHostname(label)
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// lookupProfile checks names as a client does that is about to look them up
// (RFC 5891 §5).
var lookupProfile = idna.New(idna.ValidateForRegistration(), idna.VerifyDNSLength(true), idna.BidiRule(), idna.StrictDomainName(true))

func isInternationalHostname(s string) bool {
	if s == "" {
		return false
	}
	_, err := lookupProfile.ToASCII(s)
	return err == nil
}

func isInternationalEmail(s string) bool {
	local, domain, ok := cutLast(s, "@")
	return ok && local != "" && len(s) <= 320 && !strings.ContainsAny(local, " \t\r\n<>()[],;:\\\"") && isInternationalHostname(domain)
}

func cutLast(s, sep string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// isEmail accepts the addresses that are in use: a dot-atom or a quoted string, and
// a host name or address literal (RFC 5321 §4.1.2).
func isEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || len(s) > 254 {
		return false
	}
	local, domain := s[:at], s[at+1:]
	if literal, ok := strings.CutPrefix(domain, "["); ok {
		return isLocalPart(local) && isAddressLiteral(literal)
	}
	return isLocalPart(local) && isHostname(domain)
}

func isAddressLiteral(literal string) bool {
	literal, closed := strings.CutSuffix(literal, "]")
	if v6, ok := strings.CutPrefix(literal, "IPv6:"); ok {
		return closed && isIPv6(v6)
	}
	return closed && isIPv4(literal)
}

func isLocalPart(local string) bool {
	if len(local) > 2 && local[0] == '"' && local[len(local)-1] == '"' {
		inner := local[1 : len(local)-1]
		for i := 0; i < len(inner); i++ {
			if inner[i] == '\\' {
				i++
				if i == len(inner) {
					return false
				}
			} else if inner[i] < 0x20 || inner[i] > 0x7e || inner[i] == '"' {
				return false
			}
		}
		return true
	}
	if strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return false
	}
	for i := 0; i < len(local); i++ {
		if !isAlphanumeric(local[i]) && strings.IndexByte("!#$%&'*+-/=?^_`{|}~.", local[i]) < 0 {
			return false
		}
	}
	return true
}
