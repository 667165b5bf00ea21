// Package number compares JSON numbers by their value, whatever they look like: 1, 1.0 and
// 10e-1 are one number (JSON Schema Core §4.2.2).
package number

import (
	"strconv"
	"strings"
)

// maxZeros bounds the zeros that Canonical writes for an exponent.
const maxZeros = 20

// Canonical returns the one text of all spellings of a number: without an exponent as
// long as that needs few zeros, without zeros that mean nothing, and 0 without a sign. text
// is a valid JSON number (RFC 8259 §6).
func Canonical(text string) string {
	if plain(text) {
		return text
	}
	mantissa, exponent := text, 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		e, err := strconv.Atoi(text[i+1:])
		if err != nil || e > 1<<30 || e < -1<<30 {
			return text // nobody has another spelling of it
		}
		mantissa, exponent = text[:i], e
	}
	sign := ""
	if mantissa[0] == '-' {
		sign, mantissa = "-", mantissa[1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	exponent -= len(fraction)
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return "0"
	}
	short := strings.TrimRight(digits, "0")
	exponent += len(digits) - len(short)
	return sign + write(short, exponent)
}

// plain tells whether the text is that of a whole number, written without an exponent.
func plain(text string) bool {
	for i := 0; i < len(text); i++ {
		if c := text[i]; (c < '0' || c > '9') && (c != '-' || i > 0) {
			return false
		}
	}
	return text != "-0"
}

// write writes digits, of which the last one stands for so many powers of ten.
func write(digits string, exponent int) string {
	point := len(digits) + exponent
	switch {
	case exponent > maxZeros || point < -maxZeros:
		return digits + "e" + strconv.Itoa(exponent)
	case exponent >= 0:
		return digits + strings.Repeat("0", exponent)
	case point > 0:
		return digits[:point] + "." + digits[point:]
	}
	return "0." + strings.Repeat("0", -point) + digits
}

// Double returns a number as a double. It is false if that would be another number: too
// large, or with more digits than a double holds.
func Double(text string) (float64, bool) {
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil && Canonical(strconv.FormatFloat(f, 'g', -1, 64)) == Canonical(text)
}
