// Package terminal writes texts of others to a terminal: nothing in them is obeyed, and
// colours are used where somebody sees them.
package terminal

import (
	"os"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Style is how a text is set off.
type Style string

// Styles (ECMA-48).
const (
	Bold   Style = "\x1b[1m"
	Dim    Style = "\x1b[2m"
	Red    Style = "\x1b[31m"
	Green  Style = "\x1b[32m"
	Yellow Style = "\x1b[33m"
	Blue   Style = "\x1b[34m"

	plain = "\x1b[0m"
)

// Paint sets a text off if colour is wanted.
func Paint(colour bool, style Style, text string) string {
	if !colour || text == "" {
		return text
	}
	return string(style) + text + plain
}

// Coloured tells whether out is a terminal whose user has not asked for no colour
// (https://no-color.org).
func Coloured(out any) bool {
	file, ok := out.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Printable replaces what a terminal might obey, or what hides or turns around the text
// next to it. Tabs become two spaces.
func Printable(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.IndexFunc(s, unprintable) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unprintable(r) {
			return '·'
		}
		return r
	}, strings.ReplaceAll(s, "\t", "  "))
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// Line is Printable, on one line.
func Line(s string) string {
	return Printable(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), " "))
}

// Cut shortens a text to a number of characters.
func Cut(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:max(width-1, 0)]) + "…"
}

// Escape makes JSON one that a terminal does not obey: what is not printable is written
// as \u escapes, which mean the same. In JSON it can only stand within strings.
func Escape(text []byte) []byte {
	const hex = "0123456789abcdef"
	escape := func(to []byte, unit uint16) []byte {
		return append(to, '\\', 'u', hex[unit>>12], hex[unit>>8&15], hex[unit>>4&15], hex[unit&15])
	}
	out := make([]byte, 0, len(text))
	for _, r := range string(text) {
		switch {
		case !unprintable(r):
			out = utf8.AppendRune(out, r)
		case r > 0xFFFF:
			r -= 0x10000
			out = escape(escape(out, uint16(0xD800+r>>10)), uint16(0xDC00+r&0x3FF))
		default:
			out = escape(out, uint16(r))
		}
	}
	return out
}
