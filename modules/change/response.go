package change

import (
	"errors"
	"net/http"
	"strconv"

	core "gateway/internal/change"
	"gateway/internal/exchange"
	"gateway/internal/hold"
	"gateway/internal/inflate"
	"gateway/internal/problem"
)

// response is one response on its way back.
type response struct {
	hold.Writer
	*Handler
	way    *Way
	x      *exchange.Exchange
	method string
	// before is the header before the service saw it.
	before  http.Header
	media   string
	failure error
}

// Why a response cannot be carried, besides what internal/change says.
var (
	errPartial  = errors.New("the service has sent a part of a document that would have to be carried as a whole")
	errEncoded  = errors.New("the content coding of the response cannot be taken off")
	errTooLarge = errors.New("the response is longer than max_body of change")
)

// back lets the service answer, and carries the answer back.
func (c *carriage) back(x *exchange.Exchange, w http.ResponseWriter, r *http.Request) (err error) {
	ask(r.Header)
	c.way.carrier.Accept(r.Header)
	b := &response{Handler: c.Handler, way: c.way, x: x, method: r.Method, before: w.Header().Clone()}
	b.Init(w, b, int(c.MaxBody))
	b.Lenient = c.Mode == exchange.ModeReport
	finished := false
	defer func() {
		if finished {
			return
		}
		b.Drop()
		if !b.Discarding() {
			return // the service or the client has gone
		}
		// The service was cut off because nobody wanted the rest.
		switch cut := recover(); cut {
		case nil:
		case http.ErrAbortHandler:
			err = b.conclude(nil)
		default:
			panic(cut)
		}
	}()
	err = c.next.ServeHTTP(b, r)
	finished = true
	if b.Status == 0 && err != nil {
		return err // no answer of the service
	}
	if b.Status == 0 {
		b.WriteHeader(http.StatusOK) // as the server will
	}
	return b.conclude(err)
}

// ask makes the request ask for a whole response that is not encoded: a part of a document
// cannot be carried. Servers may ignore Range (RFC 9110 §14.2), so a gateway in front
// of them may, too.
func ask(header http.Header) {
	delete(header, "Range")
	delete(header, "If-Range")
	header["Accept-Encoding"] = []string{"identity"}
}

// Head implements hold.Owner.
func (b *response) Head(status int) (int, bool) {
	if status == http.StatusSwitchingProtocols {
		return status, false
	}
	header := b.Header()
	b.way.Return(b.x.Sent(), header)
	b.x.SetSent(nil)
	b.media = mediaType(header)
	whole := b.way.carrier.ResponseBody(status, b.media)
	if whole && status == http.StatusPartialContent {
		b.failure = errPartial
		return status, !b.Lenient
	}
	if whole && b.method != http.MethodHead && hasContent(status, header) {
		if length, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64); err == nil && length > b.MaxBody {
			b.failure = errTooLarge
		}
		return status, b.failure == nil || !b.Lenient
	}
	message := core.Response{Status: status, Header: header, MediaType: b.media}
	if b.failure = b.way.carrier.Response(&message); b.failure != nil {
		return status, !b.Lenient
	}
	b.way.tag.put(header)
	if whole || status == http.StatusNotModified { // the length is that of the newer form
		b.rewritten(header, -1)
	}
	return message.Status, false
}

// hasContent tells whether a response has content (RFC 9110 §6.4.1).
func hasContent(status int, header http.Header) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusResetContent && status != http.StatusNotModified &&
		header.Get("Content-Length") != "0"
}

// conclude records what became of the response and, if it is held, sends it or refuses.
func (b *response) conclude(err error) error {
	defer b.Drop()
	if b.Overflow && b.failure == nil {
		b.failure = errTooLarge
	}
	message := core.Response{Status: b.Status, MediaType: b.media}
	if b.failure == nil && b.Held() {
		b.failure = b.carry(&message)
	}
	d := exchange.Decision{Policy: exchange.Changes, Name: b.way.names}
	if b.failure == nil {
		b.way.series.responses[carried].Inc()
	} else {
		b.way.series.responses[failed].Inc()
		d.Refusal = &problem.Refusal{Reason: problem.ChangeFailed, Cause: b.failure}
		d.Verdict = exchange.Refused
		if b.Lenient {
			d.Verdict = exchange.Reported
		}
	}
	b.x.Judge(d)
	var sent error
	switch {
	case d.Verdict == exchange.Refused:
		hold.Restore(b.Header(), b.before)
		return d.Refusal
	case !b.Held():
		return err
	case b.failure != nil:
		sent = b.Send(b.Status, b.Body(), b.Sealed())
	default:
		dropDigests(b.Header()) // of trailers
		sent = b.Send(message.Status, message.Body, message.Header)
	}
	if err == nil {
		err = sent
	}
	return err
}

// carry carries a held response back.
func (b *response) carry(message *core.Response) error {
	header := b.Sealed()
	coding, known := inflate.Of(header["Content-Encoding"], inflate.Codings)
	if !known {
		return errEncoded
	}
	message.Header, message.Body = header, b.Body()
	if coding != "" {
		var err error
		message.Body, err = coding.Decode(nil, b.Body(), inflate.Bound(len(b.Body()), b.MaxBody))
		switch {
		case err == inflate.ErrExpanded:
			return errTooLarge
		case err != nil:
			return errEncoded
		}
		delete(header, "Content-Encoding")
	}
	sent := message.Body
	if err := b.way.carrier.Response(message); err != nil {
		return err
	}
	if b.x.Watcher != nil {
		b.x.Watcher.Changed(exchange.Change{Policy: exchange.Changes, Where: exchange.ResponseBody, Name: b.way.names, Before: string(sent), After: string(message.Body)})
	}
	b.way.tag.put(header)
	b.rewritten(header, len(message.Body))
	return nil
}

// rewritten corrects what a header says about content that is another now. A negative
// length is not known.
func (b *response) rewritten(header http.Header, length int) {
	dropDigests(header)
	delete(header, "Accept-Ranges")
	delete(header, "Content-Length")
	if length >= 0 {
		header["Content-Length"] = []string{strconv.Itoa(length)}
	}
}

var _ hold.Owner = (*response)(nil)
