package validate

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
)

// decimal is a number as mantissa / 10^scale, exact. Prices, counts and limits all
// fit; what does not goes through math/big.
type decimal struct {
	mantissa int64
	scale    int
}

// maxDigits is how many digits always fit into a mantissa.
const maxDigits = 18

var powers = func() (p [maxDigits + 1]int64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// parseDecimal reads a JSON number of at most 18 digits without exponent. Zeros at
// the end of the fraction do not count, so equal numbers are equal decimals.
func parseDecimal(literal string) (decimal, bool) {
	digits, negative := strings.CutPrefix(literal, "-")
	var d decimal
	n, point := 0, false
	for i := 0; i < len(digits); i++ {
		c := digits[i]
		switch {
		case c == '.' && !point:
			point = true
			continue
		case c < '0' || c > '9' || n == maxDigits:
			return decimal{}, false
		}
		d.mantissa = d.mantissa*10 + int64(c-'0')
		n++
		if point {
			d.scale++
		}
	}
	for d.scale > 0 && d.mantissa%10 == 0 {
		d.mantissa /= 10
		d.scale--
	}
	if negative {
		d.mantissa = -d.mantissa
	}
	return d, n > 0
}

// align brings two decimals to one scale; it is false if that would overflow.
func align(a, b decimal) (x, y int64, ok bool) {
	if a.scale == b.scale {
		return a.mantissa, b.mantissa, true
	}
	if a.scale > b.scale {
		y, x, ok = align(b, a)
		return x, y, ok
	}
	factor := powers[b.scale-a.scale]
	x = a.mantissa * factor
	return x, b.mantissa, x/factor == a.mantissa
}

// number is a JSON number that is being checked.
type number struct {
	literal string
	decimal decimal
	// small tells that decimal holds the number; otherwise rat does, once asked for.
	small bool
	rat   *big.Rat
}

func newNumber(literal string) number {
	d, ok := parseDecimal(literal)
	return number{literal: literal, decimal: d, small: ok}
}

// big returns the number as a fraction. The literal has passed the scanner, so its
// exponent is bounded.
func (n *number) big() *big.Rat {
	if n.rat == nil {
		n.rat, _ = new(big.Rat).SetString(n.literal)
	}
	return n.rat
}

func (n *number) integer() bool {
	if n.small {
		return n.decimal.scale == 0
	}
	return n.big().IsInt()
}

// compare returns -1, 0 or 1 as n is less than, equal to or greater than q.
func (n *number) compare(q *quantity) int {
	if n.small && q.small {
		if x, y, ok := align(n.decimal, q.decimal); ok {
			switch {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		}
	}
	return n.big().Cmp(q.rat)
}

func (n *number) multipleOf(q *quantity) bool {
	if n.small && q.small && q.decimal.mantissa != 0 {
		if x, y, ok := align(n.decimal, q.decimal); ok {
			return x%y == 0
		}
	}
	return new(big.Rat).Quo(n.big(), q.rat).IsInt()
}

// equal compares by value: 1, 1.0 and 10e-1 are the same number.
func (n *number) equal(m *number) bool {
	if n.small && m.small {
		return n.decimal == m.decimal
	}
	return n.big().Cmp(m.big()) == 0
}

// quantity is a bound on numbers.
type quantity struct {
	rat     *big.Rat
	decimal decimal
	small   bool // decimal holds the bound
}

func newQuantity(r *big.Rat) *quantity {
	if r == nil {
		return nil
	}
	literal := literalOf(r)
	d, small := parseDecimal(string(literal))
	return &quantity{r, d, small}
}

// literalOf writes a number that came from a JSON text as a JSON number again.
func literalOf(r *big.Rat) json.Number {
	if r.IsInt() {
		return json.Number(r.Num().String())
	}
	f, _ := r.Float64()
	short := strconv.FormatFloat(f, 'f', -1, 64)
	if back, ok := new(big.Rat).SetString(short); ok && back.Cmp(r) == 0 {
		return json.Number(short)
	}
	// The denominator of a decimal fraction divides a power of ten no longer than
	// the denominator in binary.
	return json.Number(strings.TrimRight(r.FloatString(r.Denom().BitLen()), "0"))
}

// numberAt measures the number at the beginning of text: its length, 0 if there is
// none, and the size of its exponent, which stops growing beyond maxExponent.
func numberAt(text string) (length, exponent int) {
	i := 0
	digits := func() int {
		from := i
		for i < len(text) && text[i] >= '0' && text[i] <= '9' {
			i++
		}
		return i - from
	}
	if i < len(text) && text[i] == '-' {
		i++
	}
	zero := i < len(text) && text[i] == '0'
	if n := digits(); n == 0 || zero && n > 1 {
		return 0, 0
	}
	if i < len(text) && text[i] == '.' {
		i++
		if digits() == 0 {
			return 0, 0
		}
	}
	if i < len(text) && text[i]|0x20 == 'e' {
		i++
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		from := i
		if digits() == 0 {
			return 0, 0
		}
		for _, c := range []byte(text[from:i]) {
			exponent = min(exponent*10+int(c-'0'), maxExponent+1)
		}
	}
	return i, exponent
}
