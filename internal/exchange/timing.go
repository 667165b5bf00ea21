package exchange

import (
	"net/http"
	"strconv"
	"time"
)

// serverTimingHeader tells the client what took how long (W3C Server Timing).
const serverTimingHeader = "Server-Timing"

// begin prepares the header of the final response, just before it is written.
func (x *Exchange) begin(header http.Header) {
	x.apply(header)
	if x.ServerTiming {
		header.Add(serverTimingHeader, x.serverTiming(x.elapsed()))
	}
}

// serverTiming lists what is known when the header is written: the steps, the
// gateway's own time, and the time that the upstream needed until its response began.
// All are milliseconds. Verdicts are given unless the step passed.
func (x *Exchange) serverTiming(now time.Duration) string {
	text := make([]byte, 0, 160)
	for _, d := range x.Decisions() {
		if d.Response {
			continue
		}
		text = appendTiming(text, d.Policy.String(), d.Took)
		if d.Verdict != Passed {
			text = append(append(text, ";desc="...), d.Verdict.String()...)
		}
		text = append(text, ", "...)
	}
	if x.stopped() {
		return string(appendTiming(text, "gateway", now))
	}
	text = append(appendTiming(text, "gateway", x.handed), ", "...)
	return string(appendTiming(text, "upstream", now-x.handed))
}

func appendTiming(text []byte, name string, took time.Duration) []byte {
	text = append(append(text, name...), ";dur="...)
	return strconv.AppendFloat(text, float64(took.Microseconds())/1000, 'f', -1, 64)
}
