package secret

import "strings"

// Tokens masks what is secret by its form, wherever it stands: a token that is signed or
// encrypted, what follows a scheme, the credentials in a URL, a private key. It reads
// the text once.
func Tokens(text string) string {
	var out strings.Builder
	last := 0
	for i := 0; i < len(text); i++ {
		from, to := tokenAt(text, i)
		if from == to {
			continue
		}
		out.WriteString(text[last:from])
		out.WriteString(Cover)
		last, i = to, to-1
	}
	if last == 0 {
		return text
	}
	out.WriteString(text[last:])
	return out.String()
}

// tokenAt returns what is secret of something that begins at i; an empty span is nothing.
func tokenAt(text string, i int) (from, to int) {
	switch text[i] {
	case 'e':
		return signed(text, i)
	case 'b', 'B', 'd', 'D':
		return afterScheme(text, i)
	case ':':
		return userinfo(text, i)
	case '-':
		return privateKey(text, i)
	}
	return 0, 0
}

// The fewest characters of a token.
const (
	minSigned = 12
	minOpaque = 8
)

// signed finds a JWT, which begins with the letters of {" in base64url.
func signed(text string, i int) (from, to int) {
	if !strings.HasPrefix(text[i:], "eyJ") {
		return 0, 0
	}
	for to = i; to < len(text) && inWord(text[to]); {
		to++
	}
	if to-i < minSigned {
		return 0, 0
	}
	return i, to
}

var schemes = [...]string{"bearer", "basic", "dpop"}

func afterScheme(text string, i int) (from, to int) {
	if i > 0 && inWord(text[i-1]) {
		return 0, 0
	}
	for _, scheme := range schemes {
		from = i + len(scheme)
		if from >= len(text) || !strings.EqualFold(text[i:from], scheme) || text[from] != ' ' && text[from] != '\t' {
			continue
		}
		for from < len(text) && (text[from] == ' ' || text[from] == '\t') {
			from++
		}
		for to = from; to < len(text) && (inWord(text[to]) || strings.IndexByte("~+/=", text[to]) >= 0); {
			to++
		}
		if to-from >= minOpaque && !isParameter(text, from, to) {
			return from, to
		}
	}
	return 0, 0
}

// isParameter tells the realm of a challenge from a token.
func isParameter(text string, from, to int) bool {
	return to < len(text) && text[to] == '"' && text[to-1] == '=' && strings.IndexByte(text[from:to], '=') == to-from-1
}

// maxUserinfo bounds what is looked at before the "@" of a URL.
const maxUserinfo = 512

func userinfo(text string, i int) (from, to int) {
	if !strings.HasPrefix(text[i:], "://") {
		return 0, 0
	}
	from = i + len("://")
	rest := text[from:min(len(text), from+maxUserinfo)]
	length := strings.IndexAny(rest, "@/ \t\r\n\"<>")
	if length <= 0 || rest[length] != '@' || strings.IndexByte(rest[:length], ':') < 0 {
		return 0, 0
	}
	return from, from + length
}

// privateKey finds what is between the lines of a PEM block (RFC 7468).
func privateKey(text string, i int) (from, to int) {
	const begin, dashes, maxLabel = "-----BEGIN ", "-----", 64
	if !strings.HasPrefix(text[i:], begin) {
		return 0, 0
	}
	from = i + len(begin)
	label := strings.Index(text[from:min(len(text), from+maxLabel)], dashes)
	if label < 0 || !strings.HasSuffix(text[from:from+label], "PRIVATE KEY") {
		return 0, 0
	}
	from += label + len(dashes)
	if length := strings.Index(text[from:], dashes+"END"); length >= 0 {
		return from, from + length
	}
	return from, len(text)
}
