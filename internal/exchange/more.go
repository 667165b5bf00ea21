package exchange

import (
	"net/http"
	"sync/atomic"
	"time"
)

// maxDecisions bounds the steps of one exchange; more limits on one request than
// this are still enforced, but not recorded.
const maxDecisions = 8

// more is what the record of a request needs that passes several policies, or becomes a
// stream. It too has 512 bytes at most.
type more struct {
	steps     [maxDecisions]Decision
	owned     []ownedField // those that the record has no room for
	ownedRoom [1]ownedField
	several   http.Header // the values of owned fields with more than one
	vary      []string
	varyRoom  [1]string
	params    [2]string // room for Params

	verified  Identity
	sent      *http.Request
	began     time.Duration // when the response became a stream, since Start
	tunnelled atomic.Int64  // bytes written past the response
}

// grow returns the rest of the record, which is made when it is first needed.
func (x *Exchange) grow() *more {
	if x.more == nil {
		m := new(more)
		m.owned, m.vary = m.ownedRoom[:0], m.varyRoom[:0]
		x.more = m
	}
	return x.more
}

// ParamsBuffer returns an empty slice with room for the path parameters of most
// operations, so that matching them costs no allocation.
func (x *Exchange) ParamsBuffer() []string { return x.grow().params[:0] }

// Decisions returns the steps so far, in order.
func (x *Exchange) Decisions() []Decision {
	if x.steps <= 1 {
		return x.step[:x.steps]
	}
	return x.more.steps[:x.steps]
}

func (x *Exchange) add(d Decision) {
	switch x.steps {
	case maxDecisions:
		return
	case 0:
		x.step[0] = d
	case 1:
		m := x.grow()
		m.steps[0], m.steps[1] = x.step[0], d
	default:
		x.more.steps[x.steps] = d
	}
	x.steps++
}

// Sent returns the request as the service gets it, where it is on a way whose response
// may point somewhere; see Returning. It is nil otherwise.
func (x *Exchange) Sent() *http.Request {
	if x.more == nil {
		return nil
	}
	return x.more.sent
}

// SetSent notes the request as the service gets it. Nil tells that its response has been
// corrected.
func (x *Exchange) SetSent(r *http.Request) { x.grow().sent = r }

// Verified returns whose token it is where that has to be known before the version and
// the operation are. It is nil if auth has found nobody ahead of its turn, and as soon as
// its turn has come.
func (x *Exchange) Verified() Identity {
	if x.more == nil {
		return nil
	}
	return x.more.verified
}

// TakeVerified is Verified for auth in its turn, which takes it away.
func (x *Exchange) TakeVerified() Identity {
	v := x.Verified()
	if v != nil {
		x.more.verified = nil
	}
	return v
}

// Ahead notes that auth has done a part of its work before its turn: its step will
// count the time. It may have found out whose token it is.
func (x *Exchange) Ahead(verified Identity) {
	x.grow().verified = verified
	now := x.elapsed()
	x.ahead += now - x.handed
	x.handed = now
}
