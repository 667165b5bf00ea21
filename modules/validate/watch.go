package validate

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"gateway/internal/exchange"
	"gateway/internal/hold"
	"gateway/internal/problem"
)

// watch stands between validate and the service, if responses are looked at.
type watch struct{ next handler }

// ServeHTTP implements caddyhttp.Handler.
func (w *watch) ServeHTTP(rw http.ResponseWriter, r *http.Request) error {
	x := exchange.From(r)
	op, _ := x.Prepared(exchange.Validate).(*operation)
	if op == nil || op.responses == nil || !op.responses.settings.sampled() {
		return w.next.ServeHTTP(rw, r)
	}
	return op.responses.serve(x, rw, r, w.next)
}

// sampled tells whether the next response is looked at.
func (s *responseSettings) sampled() bool {
	return s.share >= wholeShare || uint64(rand.Uint32()) < s.share
}

// serve lets the service answer and compares the answer with the contract.
func (rs *responses) serve(x *exchange.Exchange, w http.ResponseWriter, r *http.Request, next handler) (err error) {
	a := newAnswer(w, rs, x, r.Method)
	if rs.settings.enforce {
		rs.ask(r.Header)
	}
	finished := false
	defer func() {
		if finished {
			return
		}
		a.Drop()
		if !a.Discarding() {
			x.Judge(exchange.Decision{Policy: exchange.Validate, Verdict: exchange.Skipped, Name: exchange.Aborted})
			return
		}
		// The service was cut off because nobody wanted the rest.
		switch cut := recover(); cut {
		case nil: // the goroutine ends
		case http.ErrAbortHandler:
			err = a.conclude(nil)
		default:
			panic(cut)
		}
	}()
	err = next.ServeHTTP(a, r)
	finished = true
	return a.end(err)
}

// ask makes the request ask for a response that can be checked: in a content coding
// that is decoded here, and for all of it unless ranges are part of the contract.
// Otherwise a client could opt out of the check. Servers may ignore Range (RFC 9110
// §14.2), so a gateway in front of them may, too.
func (rs *responses) ask(header http.Header) {
	if rs.whole {
		delete(header, "Range")
		delete(header, "If-Range")
	}
	fields := header["Accept-Encoding"]
	var kept []string
	for _, field := range fields {
		for element := range strings.SplitSeq(field, ",") {
			name, _, _ := strings.Cut(element, ";")
			name = strings.ToLower(strings.Trim(name, " \t"))
			if name == "identity" || slices.Contains(codings, coding(name)) {
				kept = append(kept, strings.Trim(element, " \t"))
			}
		}
	}
	switch {
	case len(fields) == 0:
	case len(kept) == 0:
		header["Accept-Encoding"] = []string{"identity"}
	default:
		header["Accept-Encoding"] = []string{strings.Join(kept, ", ")}
	}
}

// end compares what the service has answered with the contract, records the verdict
// and, if the response was held, sends it or returns the refusal.
func (a *answer) end(err error) error {
	if !a.Begun() {
		if err != nil {
			return err // no answer of the service
		}
		a.WriteHeader(http.StatusOK) // as the server will
	}
	a.judgeBody()
	return a.conclude(err)
}

// conclude records the verdict and, if the response was held, sends it or returns the
// refusal.
func (a *answer) conclude(err error) error {
	defer a.Drop()
	d := exchange.Decision{Policy: exchange.Validate}
	switch {
	case len(a.broken) > 0:
		d.Refusal = &problem.Refusal{Reason: problem.SchemaResponse, Cause: a.breach()}
		d.Verdict = exchange.Reported
		if a.settings.enforce {
			d.Verdict = exchange.Refused
		}
	case a.unchecked != "":
		d.Verdict, d.Name = exchange.Skipped, a.unchecked
	}
	a.x.Judge(d)
	switch {
	case d.Verdict == exchange.Refused:
		hold.Restore(a.Header(), a.before)
		return d.Refusal
	case d.Verdict == exchange.Reported:
		a.log()
	}
	if a.Held() {
		if sent := a.Send(a.Status, a.Body(), a.Sealed()); err == nil {
			err = sent
		}
	}
	return err
}

// lineInterval is the time between two log lines about the same operation: a service
// that breaks its contract does so with every response.
const lineInterval = int64(10 * time.Second)

// log tells the operator what broke, without any value.
func (a *answer) log() {
	now := time.Now().UnixNano()
	next := a.nextLine.Load()
	if now < next || !a.nextLine.CompareAndSwap(next, now+lineInterval) {
		a.responses.suppressed.Add(1)
		return
	}
	a.settings.logger.Warn("a response breaks the contract",
		zap.String("operation", a.operation), zap.String("version", a.x.Route.Version), zap.Int("status", a.Status),
		zap.Strings("broken", a.broken), zap.Int("more", a.more),
		zap.String("request_id", a.x.RequestID), zap.Int64("suppressed", a.responses.suppressed.Swap(0)))
}
