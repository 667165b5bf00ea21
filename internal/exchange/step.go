package exchange

import (
	"fmt"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/canonical"
	"gateway/internal/problem"
)

// Recorder turns closed exchanges into metrics, log fields and span attributes. The
// app "gateway" implements it.
type Recorder interface {
	// Begin is called exactly once per exchange, before any policy and before the
	// gateway has changed anything of the request.
	Begin(x *Exchange, r *http.Request)
	// Stream is called at most once per exchange, when its response turns out to be
	// a stream: the request has its answer, but Record is called only at the end.
	Stream(x *Exchange)
	// Record is called exactly once per exchange, after the handlers have returned
	// and before Caddy writes the access log.
	Record(x *Exchange, r *http.Request)
}

// Mode says what becomes of a policy's refusals.
type Mode string

// Modes. The zero value is ModeEnforce.
const (
	ModeEnforce Mode = "enforce" // refused
	ModeReport  Mode = "report"  // decided, counted, logged, let through
	ModeOff     Mode = "off"     // not decided
)

// ParseMode reads the argument of the subdirective "mode".
func ParseMode(word string) (Mode, error) {
	switch mode := Mode(word); mode {
	case ModeEnforce, ModeReport, ModeOff:
		return mode, nil
	}
	return "", fmt.Errorf("unknown mode %q: use enforce, report or off", word)
}

// Decider is a policy: it looks at a request and says no, or nothing.
type Decider interface {
	// Decide returns nil to let the request through. It may change the request's
	// header and body and own response fields; whatever it returns must be safe to
	// share or made for this request alone. It must not write to w.
	Decide(x *Exchange, w http.ResponseWriter, r *http.Request) *problem.Refusal
}

// Moded is a Decider with a mode of its own for some operations.
type Moded interface {
	Decider
	// ModeFor returns the mode for a request; mode is that of the policy.
	ModeFor(x *Exchange, mode Mode) Mode
}

// Named is a Decider that is called by another name in each request.
type Named interface {
	Decider
	// NameFor returns what stands in the step.
	NameFor(x *Exchange) string
}

// Step puts a policy into the flow of requests: it opens the exchange if this is
// the first gateway handler, applies the mode, measures, and records the decision.
// The zero value is useless; call Provision.
type Step struct {
	policy   Policy
	mode     Mode
	name     string
	source   string // where the policy stands, "file:line"; "" if unknown
	recorder Recorder
}

// Provision makes the step ready. mode "" means enforce; name tells several
// policies of one kind apart and may be empty.
func (s *Step) Provision(ctx caddy.Context, policy Policy, mode Mode, name string) error {
	recorder, err := RecorderOf(ctx)
	if err != nil {
		return err
	}
	if mode == "" {
		mode = ModeEnforce
	}
	if _, err := ParseMode(string(mode)); err != nil {
		return err
	}
	*s = Step{policy: policy, mode: mode, name: name, source: s.source, recorder: recorder}
	return nil
}

// StandsAt tells where the policy stands in the configuration, "file:line". It may be
// called before Provision.
func (s *Step) StandsAt(source string) { s.source = source }

// RecorderOf returns the recorder of the config that ctx belongs to.
func RecorderOf(ctx caddy.Context) (Recorder, error) {
	app, err := ctx.App("gateway")
	if err != nil {
		return nil, fmt.Errorf("getting the gateway app: %w", err)
	}
	recorder, ok := app.(Recorder)
	if !ok {
		return nil, fmt.Errorf("the app gateway is a %T, which records nothing", app)
	}
	return recorder, nil
}

// Serve runs the policy and then, if it lets the request through, next.
func (s *Step) Serve(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler, policy Decider) error {
	x, vars := Look(r)
	if x != nil {
		return s.decide(x, w, r, next, policy)
	}
	return Run(w, r, vars, s.recorder, func(x *Exchange, w http.ResponseWriter, r *http.Request) error {
		x.Expose(r)
		if err := x.CheckTarget(r, false); err != nil {
			return err
		}
		return s.decide(x, w, r, next, policy)
	})
}

func (s *Step) decide(x *Exchange, w http.ResponseWriter, r *http.Request, next caddyhttp.Handler, policy Decider) error {
	start := x.handed // the step before ended when this one began
	d := Decision{Policy: s.policy, Name: s.name, Verdict: Skipped}
	mode := s.mode
	if moded, ok := policy.(Moded); ok {
		mode = moded.ModeFor(x, mode)
	}
	if mode != ModeOff {
		if d.Refusal = policy.Decide(x, w, r); d.Refusal == nil {
			d.Verdict = Passed
		} else if mode == ModeReport {
			d.Verdict = Reported
		} else {
			d.Verdict = Refused
		}
	}
	if named, ok := policy.(Named); ok {
		d.Name = named.NameFor(x)
	}
	x.handed = x.elapsed()
	d.Took = x.handed - start
	if s.policy == Auth {
		d.Took, x.ahead = d.Took+x.ahead, 0
	}
	x.add(d)
	if x.Watcher != nil {
		x.Watcher.Decided(r, s.source)
	}
	if d.Verdict == Refused {
		x.Refusal = d.Refusal
		return d.Refusal
	}
	return next.ServeHTTP(w, r)
}

// Serve is a handler that knows its exchange.
type Serve func(x *Exchange, w http.ResponseWriter, r *http.Request) error

// Run opens an exchange around serve and closes it. It is for the first handler of
// a request, which Look has found no exchange for; handlers that may come later use Step.
func Run(w http.ResponseWriter, r *http.Request, vars Vars, recorder Recorder, serve Serve) (err error) {
	x := open(w, r, vars, recorder)
	finished := false
	defer func() { x.close(w, r, recorder, &err, finished) }()
	err = serve(x, &x.response, r)
	finished = true
	return err
}

// CheckTarget refuses a path with two readings and a method that no service may see,
// before any policy looks at the request, and rewrites an unusual spelling of the
// path to the plain one, so that what is matched is what is forwarded. parameters
// lets ";" through, for operations whose path has parameters of style matrix.
func (x *Exchange) CheckTarget(r *http.Request, parameters bool) error {
	if !canonical.Path(r.URL, parameters) {
		return x.RefusePath()
	}
	if !canonical.Method(r.Method) {
		return x.Refuse(API, refusedMethod)
	}
	return nil
}

// RefusePath refuses a path with two readings.
func (x *Exchange) RefusePath() error { return x.Refuse(API, refusedPath) }

var (
	refusedPath   = problem.New(problem.RoutePath)
	refusedMethod = &problem.Refusal{Reason: problem.RouteMethod, Header: http.Header{"Allow": {canonical.Methods}}}
)

func open(w http.ResponseWriter, r *http.Request, vars Vars, recorder Recorder) *Exchange {
	trusted, _ := vars[caddyhttp.TrustedProxyVarKey].(bool)
	now := time.Now()
	x := new(Exchange) // a literal with calls in it would be made on the stack and copied
	x.Start, x.recorder, x.Traced = now, recorder, vars[traceVarKey] != nil
	x.RequestID = requestID(r, trusted, now, &x.idText)
	x.Logged = logged(r)
	recorder.Begin(x, r)
	canonical.Fields(r.Header, trusted)
	x.response.ResponseWriter = w
	x.response.x = x
	x.id[0] = x.RequestID
	r.Header[RequestIDHeader] = x.id[:]
	x.OwnField(RequestIDHeader, x.RequestID)
	if vars != nil {
		vars[varKey] = x
	}
	return x
}
