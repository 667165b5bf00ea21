package change

import (
	"net/http"
)

// Request is a request of an old client. What is there is changed in place.
type Request struct {
	Method string
	// Values are the decoded values of the path's variables, in the order of
	// openapi.Variables.
	Values []string
	// Query is the raw query, without "?".
	Query  string
	Header http.Header
	// MediaType is that of the body, lower case without parameters.
	MediaType string
	// Body is the whole body without a content coding; nil for none.
	Body []byte
	// Target is set where the operation has moved: its escaped path, without the base
	// path and the version in front of it.
	Target string
}

// Response is a response of the service. What is there is changed in place.
type Response struct {
	Status    int
	Header    http.Header
	MediaType string
	// Body is the whole body without a content coding; nil for none.
	Body []byte
}

// Failure is why a message cannot be carried. Its text has nothing of the message in it.
type Failure struct {
	// Change is what could not be applied; nil if the text is not JSON.
	Change *Change
	// Pointer is where in the body.
	Pointer string
	// Message is a sentence without a full stop.
	Message string
}

// Error implements error.
func (f *Failure) Error() string {
	text := f.Message
	if f.Pointer != "" {
		text = f.Pointer + ": " + text
	}
	if f.Change != nil {
		text = f.Change.File + ": " + text
	}
	return text
}
