package telemetry

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

// addLogField adds the object "gateway" to the access log line of the request, if the
// server writes one. The encoder of the log escapes whatever a cause may quote.
func addLogField(ctx context.Context, x *exchange.Exchange) {
	if !x.Logged {
		return
	}
	if extra, ok := ctx.Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields); ok {
		extra.Add(zap.Object("gateway", logRecord{x}))
	}
}

// logRecord is an exchange as the access log shows it. The caller is not in it: Caddy
// puts the subject into the field "user_id" of the same line, where a log filter can
// hash or delete it.
type logRecord struct{ x *exchange.Exchange }

// MarshalLogObject implements zapcore.ObjectMarshaler.
func (l logRecord) MarshalLogObject(e zapcore.ObjectEncoder) error {
	x := l.x
	e.AddString("request_id", x.RequestID)
	if route := x.Route; route != nil {
		e.AddString("api", route.API)
		e.AddString("version", cmp.Or(route.Version, x.Version))
		e.AddString("route", route.Template)
		if route.Operation != "" {
			e.AddString("operation", route.Operation)
		}
	} else if x.Version != "" {
		e.AddString("version", x.Version)
	}
	if x.Plan != "" {
		e.AddString("plan", x.Plan)
	}
	if x.Refusal != nil {
		e.AddString("reason", x.Refusal.Reason.Code)
		addCause(e, x.Refusal)
	}
	if x.Group != exchange.NoGroup {
		e.AddString("group", x.Group.String())
	}
	if x.Aborted {
		e.AddBool("aborted", true)
	}
	if x.Stream != exchange.NoStream {
		e.AddString("stream", x.Stream.String())
		e.AddFloat64("stream_ms", milliseconds(x.Life))
	}
	e.AddFloat64("own_ms", milliseconds(x.Own))
	e.AddFloat64("upstream_ms", milliseconds(x.Upstream()))
	return e.AddArray("steps", logSteps(x.Decisions()))
}

type logSteps []exchange.Decision

// MarshalLogArray implements zapcore.ArrayMarshaler.
func (l logSteps) MarshalLogArray(e zapcore.ArrayEncoder) error {
	var errs error
	for i := range l {
		errs = errors.Join(errs, e.AppendObject((*logStep)(&l[i])))
	}
	return errs
}

type logStep exchange.Decision

// MarshalLogObject implements zapcore.ObjectMarshaler.
func (l *logStep) MarshalLogObject(e zapcore.ObjectEncoder) error {
	e.AddString("policy", l.Policy.String())
	if l.Response {
		e.AddBool("response", true)
	}
	if l.Name != "" {
		e.AddString("name", l.Name)
	}
	e.AddString("verdict", l.Verdict.String())
	if l.Refusal != nil {
		e.AddString("reason", l.Refusal.Reason.Code)
		if l.Verdict == exchange.Reported {
			addCause(e, l.Refusal)
		}
	}
	e.AddFloat64("ms", milliseconds(l.Took))
	return nil
}

// maxCause bounds a cause in the log, in bytes.
const maxCause = 512

func addCause(e zapcore.ObjectEncoder, f *problem.Refusal) {
	if f.Cause != nil {
		e.AddString("cause", shorten(f.Cause.Error()))
	}
}

// shorten cuts text at a whole character.
func shorten(text string) string {
	if len(text) <= maxCause {
		return text
	}
	cut := maxCause
	for cut > maxCause-utf8.UTFMax && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// faultInterval is the time between two log lines about the same reason.
const faultInterval = 10 * time.Second

// faults writes the log lines about what is not the client's fault. An outage fails
// every request, so each reason gets one line an interval, with the number of those
// that were left out. The mistakes of clients are never logged here: they could fill
// the log at will.
type faults struct {
	logger *zap.Logger
	lines  [reasonSlots]struct {
		next       atomic.Int64 // Unix nanoseconds
		suppressed atomic.Int64
	}
}

// log writes the line for x if there is one to write.
func (f *faults) log(x *exchange.Exchange) {
	refusal := x.Refusal
	if refusal == nil || refusal.Code() < 500 {
		return
	}
	line := &f.lines[reasonSlot(refusal.Reason)]
	now := x.Start.Add(x.Total + x.Life).UnixNano()
	next := line.next.Load()
	if now < next || !line.next.CompareAndSwap(next, now+int64(faultInterval)) {
		line.suppressed.Add(1)
		return
	}
	fields := []zap.Field{
		zap.Object("gateway", logRecord{x}),
		zap.Int64("suppressed", line.suppressed.Swap(0)),
	}
	if upstreamFault(refusal.Reason) {
		f.logger.Warn("the upstream failed a request", fields...)
		return
	}
	f.logger.Error("the gateway failed a request", fields...)
}

func upstreamFault(reason *problem.Reason) bool {
	switch reason {
	case problem.UpstreamRefused, problem.UpstreamTimeout, problem.UpstreamReset,
		problem.UpstreamNoHealthy, problem.UpstreamBadResponse, problem.SchemaResponse:
		return true
	}
	return false
}
