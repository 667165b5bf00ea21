package number_test

import (
	"encoding/json"
	"math/big"
	"testing"

	"gateway/internal/number"
)

func TestCanonical(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"1": "1", "1.0": "1", "10e-1": "1", "0.1E+1": "1", "-0": "0", "-0.00e5": "0", "0": "0", "1200": "1200", "12e2": "1200",
		"2.50": "2.5", "-0.5": "-0.5", "5e-3": "0.005", "1e20": "100000000000000000000", "10e20": "1e21", "1e-30": "1e-30",
		"9007199254740993": "9007199254740993", "123.4560e1": "1234.56", "1e99999999999": "1e99999999999",
	} {
		if got := number.Canonical(text); got != want {
			t.Errorf("%s is %s, not %s", text, got, want)
		}
	}
}

func TestDouble(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"0.1": true, "1e300": true, "1.10": true, "9007199254740992": true, "1e-7": true,
		"9007199254740993": false, "0.1234567890123456789": false, "1e400": false, "1e-400": false,
	} {
		if _, ok := number.Double(text); ok != want {
			t.Errorf("%s: %v", text, ok)
		}
	}
}

// FuzzCanonical: the text is that of the same number, and the text of its text.
func FuzzCanonical(f *testing.F) {
	for _, text := range []string{"1.50", "-0e3", "1e-22", "12.5E+10"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var n json.Number
		if json.Unmarshal([]byte(text), &n) != nil || n.String() != text || len(text) > 40 {
			return
		}
		got := number.Canonical(text)
		if number.Canonical(got) != got {
			t.Errorf("%s is %s, which is %s", text, got, number.Canonical(got))
		}
		x, ok := new(big.Rat).SetString(text)
		y, also := new(big.Rat).SetString(got)
		if ok != also || ok && x.Cmp(y) != 0 {
			t.Errorf("%s is %s", text, got)
		}
	})
}
