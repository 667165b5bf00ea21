package console

import (
	"crypto/rand"
)

// newToken returns a text that nobody guesses.
func newToken() string { return rand.Text() }
