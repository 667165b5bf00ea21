package versioning

import "fmt"

// fault is a contradiction in what the configuration says about versions.
type fault struct {
	// about is the version that it concerns, nil for all of them.
	about *version
	// option and word are what to point at: a line of the version's block, and the
	// word on it. option is "" for the version itself.
	option, word  string
	message, hint string
}

func faultf(about *version, word, hint, format string, args ...any) *fault {
	return &fault{about: about, word: word, hint: hint, message: fmt.Sprintf(format, args...)}
}

// on says which option of the version is at fault.
func (f *fault) on(option string) *fault {
	f.option = option
	return f
}
