package instance

import (
	"encoding/json"
	"math/big"
	"strings"
)

var one = big.NewRat(1, 1)

// number makes a number within the bounds; salt counts steps away from the first one.
func (v *view) number(integer bool, salt int) (any, error) {
	step := v.multipleOf
	if integer {
		step = commonMultiple(step, one)
	}
	start := v.start(step)
	distance := step
	if distance == nil {
		distance = one
	}
	moved := new(big.Rat).Add(start, new(big.Rat).Mul(distance, big.NewRat(int64(salt), 1)))
	for _, n := range []*big.Rat{moved, new(big.Rat).Sub(start, new(big.Rat).Sub(moved, start)), start} {
		if v.holds(n) {
			return literal(n), nil
		}
	}
	if step == nil && v.minimum != nil && v.maximum != nil { // a narrow range: salt divides it
		span := new(big.Rat).Sub(v.maximum, v.minimum)
		n := new(big.Rat).Add(v.minimum, span.Mul(span, big.NewRat(1, int64(2<<min(salt, 20)))))
		if v.holds(n) {
			return literal(n), nil
		}
	}
	return nil, errNone
}

// start is the number nearest to 1 that the lower bound and the steps allow.
func (v *view) start(step *big.Rat) *big.Rat {
	n := new(big.Rat).Set(one)
	if v.minimum != nil && (n.Cmp(v.minimum) < 0 || n.Cmp(v.minimum) == 0 && v.aboveMinimum) {
		n.Set(v.minimum)
		if v.aboveMinimum && step == nil {
			n.Add(n, one)
		}
	}
	if v.maximum != nil && (n.Cmp(v.maximum) > 0 || n.Cmp(v.maximum) == 0 && v.belowMaximum) {
		n.Set(v.maximum)
		if v.belowMaximum && step == nil {
			n.Sub(n, one)
		}
		return down(n, step, v.belowMaximum && n.Cmp(v.maximum) == 0)
	}
	return up(n, step, v.aboveMinimum && v.minimum != nil && n.Cmp(v.minimum) == 0)
}

// up returns the next multiple of step from n on, or above it.
func up(n, step *big.Rat, above bool) *big.Rat {
	if step == nil {
		return n
	}
	quotient := new(big.Rat).Quo(n, step)
	whole := new(big.Int).Div(quotient.Num(), quotient.Denom()) // rounds down
	if !quotient.IsInt() || above {
		whole.Add(whole, big.NewInt(1))
	}
	return new(big.Rat).Mul(new(big.Rat).SetInt(whole), step)
}

// down is up in the other direction.
func down(n, step *big.Rat, below bool) *big.Rat {
	if step == nil {
		return n
	}
	quotient := new(big.Rat).Quo(n, step)
	whole := new(big.Int).Div(quotient.Num(), quotient.Denom())
	if quotient.IsInt() && below {
		whole.Sub(whole, big.NewInt(1))
	}
	return new(big.Rat).Mul(new(big.Rat).SetInt(whole), step)
}

// holds tells whether a number is within the bounds.
func (v *view) holds(n *big.Rat) bool {
	if v.minimum != nil {
		if c := n.Cmp(v.minimum); c < 0 || c == 0 && v.aboveMinimum {
			return false
		}
	}
	if v.maximum != nil {
		if c := n.Cmp(v.maximum); c > 0 || c == 0 && v.belowMaximum {
			return false
		}
	}
	return true
}

// literal writes a number. Those that are made here have a decimal form that ends.
func literal(n *big.Rat) json.Number {
	if n.IsInt() {
		return json.Number(n.Num().String())
	}
	return json.Number(strings.TrimRight(n.FloatString(30), "0"))
}
