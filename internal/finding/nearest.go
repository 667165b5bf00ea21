package finding

import "strings"

// Nearest returns the candidate that word was probably meant to be: at most two
// single-character edits or transpositions away, one for words of up to three
// characters. Case and the choice between "-" and "_" do not count. Among equals the
// first wins; "" is none.
func Nearest(word string, candidates []string) string {
	limit := 2
	if len(word) <= 3 {
		limit = 1
	}
	best := ""
	for _, candidate := range candidates {
		if d := distance(fold(word), fold(candidate), limit); d <= limit {
			best, limit = candidate, d-1
		}
	}
	return best
}

// Suggest returns a hint for an unknown word: the nearest candidate, or else all of
// them.
func Suggest(word string, candidates ...string) string {
	if near := Nearest(word, candidates); near != "" {
		return "did you mean " + near + "?"
	}
	if len(candidates) == 0 {
		return ""
	}
	return "one of: " + strings.Join(candidates, ", ")
}

func fold(s string) string {
	return strings.ReplaceAll(strings.ToLower(s), "-", "_")
}

// distance is the optimal string alignment distance of a and b in bytes: insertions,
// deletions, substitutions and transpositions of neighbours. What exceeds limit is
// reported as limit+1, early.
func distance(a, b string, limit int) int {
	if abs(len(a)-len(b)) > limit || len(a) == 0 {
		return limit + 1
	}
	older, previous, current := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		current[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			current[j] = min(previous[j]+1, current[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				current[j] = min(current[j], older[j-2]+1)
			}
		}
		older, previous, current = previous, current, older
	}
	return min(previous[len(b)], limit+1)
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
