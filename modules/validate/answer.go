package validate

import (
	"bufio"
	"net"
	"net/http"

	"gateway/internal/exchange"
	"gateway/internal/hold"
)

// answer is what the service writes its response to. As long as there may be something
// to check, a copy of the body is kept, which is bounded; with enforce the response
// itself waits in it.
type answer struct {
	hold.Writer
	*responses
	x      *exchange.Exchange
	method string

	// media and kind are what the body is checked against, coding what it comes in.
	media  *responseMedia
	kind   contentKind
	coding coding
	// before is the header before the service saw it; nil unless responses are enforced.
	before http.Header

	// broken lists what breaks the contract, each as place and rule; more counts those
	// that were left out.
	broken []string
	more   int
	// unchecked is why the response was not checked to its end, one of
	// exchange.Unchecked; "" if it was.
	unchecked string
}

// newAnswer makes what the service writes its response to w through.
func newAnswer(w http.ResponseWriter, rs *responses, x *exchange.Exchange, method string) *answer {
	a := &answer{responses: rs, x: x, method: method}
	a.Init(w, a, rs.settings.maxBody)
	a.Lenient = true // what is too long passes unchecked
	if rs.settings.enforce {
		a.before = w.Header().Clone()
	}
	return a
}

// Head implements hold.Owner.
func (a *answer) Head(status int) (int, bool) {
	wanted := a.judgeHead()
	switch {
	case !a.settings.enforce:
		if wanted {
			a.Copy()
		}
		return status, false
	case len(a.broken) > 0:
		a.Discard()
		return status, true
	}
	return status, wanted
}

// Hijack implements http.Hijacker: there is no response of ours any more.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffer, err := a.Writer.Hijack()
	if err == nil {
		a.unchecked = exchange.Upgraded
	}
	return conn, buffer, err
}

var _ hold.Owner = (*answer)(nil)
