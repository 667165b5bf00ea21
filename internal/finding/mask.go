package finding

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// cover stands for a masked value, whatever its length.
const cover = "••••"

// secretWord matches the directive, option or member whose value is not for showing.
var secretWord = regexp.MustCompile(`(?i)^["']?(?:(?:[a-z0-9]+[_-])*(?:secret|secrets|hmac|password|passwd|passphrase|token|key|credentials))["']?:?$`)

// secretValues match values that are secret wherever they stand; the group is the
// value: a private member of a JWK (RFC 7518 §6) or one that is named as a secret, a
// token, a password hash, the credentials in a URL, a line of a PEM block.
var secretValues = []*regexp.Regexp{
	regexp.MustCompile(`(?i)"(?:k|d|p|q|dp|dq|qi|[a-z0-9_-]*(?:secret|password|passphrase|private_key|api_key))"\s*:\s*("[^"]*"?)`),
	regexp.MustCompile(`(eyJ[\w-]{8,}[\w.-]*)`),
	regexp.MustCompile(`(\$(?:2[abxy]|argon2\w*)\$[^\s"]+)`),
	regexp.MustCompile(`://([^\s/@"]+)@`),
	regexp.MustCompile(`^\s*([A-Za-z0-9+/_=-]{40,})\s*$`),
}

// openValue matches an argument that names a secret without holding it: a brace, a
// placeholder without default, a file.
var openValue = regexp.MustCompile(`^(?:[{}]|\{\$?[\w./-]+\}|[\w./-]+\.(?:pem|key|json|jwk|jwks|txt))$`)

var wordPattern = regexp.MustCompile(`\S+`)

// mask covers the parts of a line that look secret. start and width, in characters,
// are moved along; what lies in a covered part moves to its beginning.
func mask(line string, start, width int) (masked string, newStart, newWidth int) {
	spans := secrets(line)
	if len(spans) == 0 {
		return line, start, width
	}
	target := byteOffset(line, start)
	var b strings.Builder
	last := 0
	newStart, newWidth = start, width
	for _, span := range spans {
		if target >= last && target < span[0] {
			newStart = utf8.RuneCountInString(b.String()) + utf8.RuneCountInString(line[last:target])
		}
		b.WriteString(line[last:span[0]])
		if target >= span[0] && target < span[1] {
			newStart, newWidth = utf8.RuneCountInString(b.String()), utf8.RuneCountInString(cover)
		}
		b.WriteString(cover)
		last = span[1]
	}
	if target >= last {
		newStart = utf8.RuneCountInString(b.String()) + utf8.RuneCountInString(line[last:target])
	}
	b.WriteString(line[last:])
	return b.String(), newStart, newWidth
}

// byteOffset returns where the n-th character begins, -1 for n < 0.
func byteOffset(line string, n int) int {
	if n < 0 {
		return -1
	}
	for i := range line {
		if n == 0 {
			return i
		}
		n--
	}
	return len(line)
}

// secrets returns the spans of a line to cover, in order and apart.
func secrets(line string) [][]int {
	var spans [][]int
	covered := false
	for _, span := range wordPattern.FindAllStringIndex(line, -1) {
		text := line[span[0]:span[1]]
		switch {
		case strings.HasPrefix(text, "#"):
			covered = false
		case covered && !openValue.MatchString(text):
			spans = append(spans, span)
		case secretWord.MatchString(text):
			covered = true
		}
	}
	for _, pattern := range secretValues {
		for _, match := range pattern.FindAllStringSubmatchIndex(line, -1) {
			spans = append(spans, match[2:4])
		}
	}
	return merge(spans)
}

// merge sorts spans and joins those that touch.
func merge(spans [][]int) [][]int {
	slices.SortFunc(spans, func(a, b []int) int { return a[0] - b[0] })
	var merged [][]int
	for _, span := range spans {
		if n := len(merged); n > 0 && span[0] <= merged[n-1][1] {
			merged[n-1][1] = max(merged[n-1][1], span[1])
			continue
		}
		merged = append(merged, span)
	}
	return merged
}
