package fetch

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Lifetime reads how long an answer is fresh (RFC 9111 §4.2.1): max-age less the age it
// has already, and no time for what must not be stored. It is false where nothing is said
// that can be understood.
func Lifetime(header http.Header) (fresh time.Duration, said bool) {
	for _, field := range header["Cache-Control"] {
		for directive := range strings.SplitSeq(field, ",") {
			name, value, _ := strings.Cut(strings.Trim(directive, " \t"), "=")
			switch strings.ToLower(name) {
			case "no-store", "no-cache":
				return 0, true
			case "max-age":
				if seconds, ok := deltaSeconds(strings.Trim(value, `"`)); ok && !said {
					age, _ := deltaSeconds(header.Get("Age"))
					fresh, said = time.Duration(max(seconds-age, 0))*time.Second, true
				}
			}
		}
	}
	return fresh, said
}

// deltaSeconds reads a number of seconds. One that is too large is the largest (RFC 9111
// §1.2.2).
func deltaSeconds(text string) (int64, bool) {
	n, err := strconv.ParseUint(text, 10, 31)
	if errors.Is(err, strconv.ErrRange) {
		return math.MaxInt32, true
	}
	return int64(n), err == nil
}
