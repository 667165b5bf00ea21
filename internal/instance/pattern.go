package instance

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// matching makes a string that matches all patterns.
func (v *view) matching(salt int) (any, error) {
	for _, pattern := range v.patterns {
		tree, err := syntax.Parse(pattern.String(), syntax.Perl)
		if err != nil {
			return nil, errNone
		}
		tree = tree.Simplify()
		for _, extra := range []int{0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128, v.minLength} {
			if extra > maxText {
				break
			}
			w := writer{extra: extra, salt: salt}
			w.write(tree)
			for _, s := range v.padded(w.String()) {
				if v.matches(s) {
					return s, nil
				}
			}
		}
	}
	return nil, errNone
}

// padded returns a text, and the ways to make it as long as it has to be.
func (v *view) padded(s string) []string {
	short := v.minLength - utf8.RuneCountInString(s)
	if short <= 0 {
		return []string{s}
	}
	return []string{s + strings.Repeat("a", short), s + strings.Repeat("0", short), strings.Repeat("a", short) + s}
}

func (v *view) matches(s string) bool {
	if n := utf8.RuneCountInString(s); n < v.minLength || n > v.maxLength {
		return false
	}
	return !slices.ContainsFunc(v.patterns, func(p *regexp.Regexp) bool { return !p.MatchString(s) })
}

// writer writes a text that a regular expression matches. What may be repeated is
// repeated extra times more than it has to, as long as there is room.
type writer struct {
	strings.Builder
	extra, salt int
	steps       int
}

// maxSteps bounds the parts that are written, empty ones included.
const maxSteps = 1 << 17

func (w *writer) write(re *syntax.Regexp) {
	if w.steps++; w.done() {
		return
	}
	switch re.Op {
	case syntax.OpLiteral:
		w.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		w.WriteRune(memberOf(re.Rune, w.salt))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		w.WriteByte('a' + byte(w.salt%26))
	case syntax.OpCapture, syntax.OpConcat:
		for _, part := range re.Sub {
			w.write(part)
		}
	case syntax.OpAlternate:
		w.write(re.Sub[w.salt%len(re.Sub)])
	case syntax.OpStar:
		w.repeat(re.Sub[0], w.extra)
	case syntax.OpPlus:
		w.repeat(re.Sub[0], 1+w.extra)
	case syntax.OpQuest:
		w.repeat(re.Sub[0], min(1, w.extra))
	case syntax.OpRepeat:
		times := re.Min + w.extra
		if re.Max >= 0 {
			times = min(times, re.Max)
		}
		w.repeat(re.Sub[0], times)
	}
}

func (w *writer) repeat(re *syntax.Regexp, times int) {
	for range times {
		if w.done() {
			return
		}
		w.write(re)
	}
}

func (w *writer) done() bool { return w.steps > maxSteps || w.Len() > 4*maxText }

// memberOf picks a character of a class, letters and digits first. ranges are pairs of
// first and last.
func memberOf(ranges []rune, salt int) rune {
	const liked = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_. "
	var found []rune
	for _, r := range liked {
		for i := 0; i+1 < len(ranges); i += 2 {
			if ranges[i] <= r && r <= ranges[i+1] {
				found = append(found, r)
				break
			}
		}
	}
	if len(found) > 0 {
		return found[salt%len(found)]
	}
	if len(ranges) == 0 {
		return 'a'
	}
	return ranges[0]
}
