package exchange

import (
	"net/http"
	"time"

	"gateway/internal/problem"
)

// close finishes the record and hands it to the recorder. An error that leaves the
// gateway's handlers becomes one that Caddy's error routes understand, with the
// response fields that belong to it already set, because those routes write past us.
func (x *Exchange) close(w http.ResponseWriter, r *http.Request, recorder Recorder, err *error, finished bool) {
	x.Aborted = !finished
	if *err != nil || x.Logged {
		x.Expose(r) // to error routes and the access log
	}
	if *err != nil {
		*err = x.leave(w, *err)
	}
	if x.Aborted && x.Refusal == nil && r.Context().Err() == nil {
		x.Refusal = cutOff // by the upstream: the client is still there
	}
	if x.more != nil {
		x.Bytes += x.more.tunnelled.Load()
	}
	x.measure(x.elapsed())
	recorder.Record(x, r)
}

var cutOff = problem.New(problem.UpstreamReset)

// Fail records what became of the request below the policies, if err is the
// upstream's fault or a refusal.
func (x *Exchange) Fail(err error) {
	if x.Refusal == nil {
		x.Refusal, _ = problem.FromError(err)
	}
}

// leave prepares err for the world outside the gateway's handlers.
func (x *Exchange) leave(w http.ResponseWriter, err error) error {
	x.Fail(err)
	if x.Status == 0 {
		x.Status = problem.StatusOf(err)
		x.begin(w.Header())
		if refusal, ok := problem.FromError(err); ok {
			problem.WriteHeader(w.Header(), refusal)
		}
		x.watchHeader(w.Header())
	}
	if refusal, ok := err.(*problem.Refusal); ok {
		return refusal.HandlerError()
	}
	return err
}

// measure splits the time since the start: what lies after the last policy is the
// upstream's, unless a policy ended the request. The life of a stream is apart.
func (x *Exchange) measure(end time.Duration) {
	if x.Stream != NoStream {
		x.Life = end - x.more.began
		end = x.more.began
	}
	x.Total, x.Own = end, end
	x.Forwarded = !x.stopped()
	if x.Forwarded {
		x.Own = x.handed
	}
}

func (x *Exchange) stopped() bool {
	decisions := x.Decisions()
	for i := range decisions {
		if decisions[i].Verdict == Refused && !decisions[i].Response {
			return true
		}
	}
	return false
}

// Refuse records a refusal of the api block itself: a path, version or route that
// leads nowhere. Policies return theirs from Decide instead.
func (x *Exchange) Refuse(policy Policy, refusal *problem.Refusal) error {
	now := x.elapsed()
	x.add(Decision{Policy: policy, Verdict: Refused, Refusal: refusal, Took: now - x.handed})
	x.watchStep()
	x.handed = now
	x.Refusal = refusal
	return refusal
}

// Pass records that the api block itself has nothing against the request.
func (x *Exchange) Pass(policy Policy) {
	now := x.elapsed()
	x.add(Decision{Policy: policy, Verdict: Passed, Took: now - x.handed})
	x.watchStep()
	x.handed = now
}
