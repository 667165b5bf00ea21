package api

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"gateway/internal/finding"
	"gateway/modules/telemetry"
)

// SLO holds the service level objectives of an API. Metrics tell how well it keeps
// them; the alerting rules that "gateway rules" prints tell when it does not.
type SLO struct {
	// Availability is how many percent of the requests have to succeed. Range:
	// 80–99.999. Default: no such objective.
	Availability float64 `json:"availability,omitempty"`
	// Latency is how many percent of the requests that succeed have to end within
	// Within. Range: 80–99.999. Default: no such objective.
	Latency float64 `json:"latency,omitempty"`
	// Within is the time for Latency. Range: 1ms–10m. Required with Latency.
	Within caddy.Duration `json:"within,omitempty"`
}

// The ranges. Below 80 % an error budget is no budget, and the fastest alert could
// never fire; above 99.999 % it is five minutes a year.
const (
	minPercent, maxPercent = 80.0, 99.999
	minWithin, maxWithin   = time.Millisecond, 10 * time.Minute
)

const sloHint = "such as: slo availability 99.9 latency 250ms 99"

// slo reads "slo [availability <percent>] [latency <duration> <percent>]".
func (p *blockParser) slo(d *caddyfile.Dispenser) error {
	d.Next()
	if p.api.SLO != nil {
		return once(d)
	}
	p.api.SLO = new(SLO)
	for d.NextArg() {
		if err := p.api.SLO.objective(d); err != nil {
			return err
		}
	}
	if *p.api.SLO == (SLO{}) {
		return finding.At(d, sloHint, "slo needs an objective: availability, latency, or both")
	}
	return endOf(d, "slo")
}

// objective reads one objective; its name is the current token.
func (s *SLO) objective(d *caddyfile.Dispenser) error {
	name := d.Val()
	switch {
	case name == "availability" && s.Availability == 0:
		return percent(d, name, "availability 99.9", &s.Availability)
	case name == "latency" && s.Latency == 0:
		if !d.NextArg() {
			return finding.At(d, "such as: latency 250ms 99", "latency needs a time and a percentage")
		}
		within, err := caddy.ParseDuration(d.Val())
		if err != nil || within < minWithin || within > maxWithin {
			return finding.At(d, "the time comes first, such as: latency 250ms 99",
				"%q is not a time from %v to %v", d.Val(), minWithin, maxWithin)
		}
		s.Within = caddy.Duration(within)
		return percent(d, name, "latency 250ms 99", &s.Latency)
	case name == "availability" || name == "latency":
		return finding.At(d, "an api has one objective of a kind; remove the other", "%s stands here twice", name)
	}
	return finding.At(d, finding.Suggest(name, "availability", "latency"), "%q is not an objective", name)
}

// percent reads the percentage of an objective, with or without the sign.
func percent(d *caddyfile.Dispenser, objective, example string, to *float64) error {
	if !d.NextArg() {
		return finding.At(d, "such as: "+example, "%s needs a percentage", objective)
	}
	value, err := strconv.ParseFloat(strings.TrimSuffix(d.Val(), "%"), 64)
	if err != nil || !inPercentRange(value) {
		return finding.At(d, "such as: "+example, "%q is not a percentage from %v to %v", d.Val(), minPercent, maxPercent)
	}
	*to = value
	return nil
}

func inPercentRange(value float64) bool { return value >= minPercent && value <= maxPercent }

// check judges objectives that did not come from a Caddyfile.
func (s *SLO) check() string {
	within := time.Duration(s.Within)
	switch {
	case s.Availability == 0 && s.Latency == 0:
		return "slo has no objective"
	case s.Availability != 0 && !inPercentRange(s.Availability):
		return fmt.Sprintf("an availability of %v %% is not from %v to %v", s.Availability, minPercent, maxPercent)
	case s.Latency != 0 && !inPercentRange(s.Latency):
		return fmt.Sprintf("a latency for %v %% is not from %v to %v", s.Latency, minPercent, maxPercent)
	case (s.Latency != 0) != (within != 0):
		return "the objective latency has two parts, latency and within"
	case within != 0 && (within < minWithin || within > maxWithin):
		return fmt.Sprintf("%v is not a time from %v to %v", within, minWithin, maxWithin)
	}
	return ""
}

// promise tells telemetry the objectives of the API. APIs of one name are counted
// together, whichever site they belong to, so they have one promise.
func (a *App) promise(api *API) error {
	at := finding.ParseSource(api.Source)
	if api.SLO != nil {
		if wrong := api.SLO.check(); wrong != "" {
			return &finding.Error{Message: wrong, At: at, Word: api.Name, Hint: sloHint}
		}
	}
	if a.apis == nil {
		a.apis = make(map[string]*API)
	}
	first := a.apis[api.Name]
	if first == nil {
		a.apis[api.Name] = api
		first = api
	}
	if (first.SLO == nil) != (api.SLO == nil) || (api.SLO != nil && *first.SLO != *api.SLO) {
		return &finding.Error{
			Message: fmt.Sprintf("api %s has another slo at %s, and the requests of both are counted together", api.Name, first.Source),
			At:      at, Word: api.Name,
			Hint: "write the same slo into both, or give one of them another name",
		}
	}
	if first == api && api.SLO != nil {
		a.telemetry.Promise(api.Name, telemetry.Objectives{
			Availability: api.SLO.Availability / 100,
			Latency:      api.SLO.Latency / 100, Within: time.Duration(api.SLO.Within),
		})
	}
	return nil
}
