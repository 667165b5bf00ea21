package dashboards

import "fmt"

// Selectors of the chosen targets, and of the chosen APIs, versions and routes of them.
const (
	targets  = `job=~"$job",instance=~"$instance"`
	apis     = targets + `,api=~"$api"`
	versions = apis + `,version=~"$version"`
	routes   = versions + `,route=~"$route"`
	// recorded selects among what the rules record, which sum over instances.
	recorded = `job=~"$job",api=~"$api"`
)

// rate returns the per-second rate of a counter over the selected routes, summed by
// the given labels; more is appended to the selector.
func rate(metric, by, more string) string { return rateOf(metric, by, routes+more) }

func rateOf(metric, by, selector string) string {
	return sum(by, fmt.Sprintf("rate(%s{%s}[$__rate_interval])", metric, selector))
}

// increase returns what a counter went up by over the time shown.
func increase(metric, by, more string) string {
	return sum(by, fmt.Sprintf("increase(%s{%s}[$__range])", metric, routes+more))
}

func sum(by, expr string) string { return aggregate("sum", by, expr) }

func aggregate(op, by, expr string) string {
	if by == "" {
		return op + "(" + expr + ")"
	}
	return op + " by (" + by + ") (" + expr + ")"
}

// orZero makes a number without labels 0 where there is nothing to sum.
func orZero(expr string) string { return expr + " or vector(0)" }

// share returns part as a share of whole: 0, not a gap, where there is no part or no
// traffic. Both must have the same labels.
func share(part, whole string) string {
	return fmt.Sprintf("(%s or 0 * %s) / clamp_min(%s, 1e-9)", part, whole, whole)
}

// quantile returns a quantile of a duration over the selected routes.
func quantile(q, metric string) string {
	return fmt.Sprintf("histogram_quantile(%s, %s)", q, rate(metric+"_bucket", "le", ""))
}

func quantiles(metric string) []query {
	return []query{
		{expr: quantile("0.5", metric), legend: "p50"},
		{expr: quantile("0.95", metric), legend: "p95", exemplar: true},
		{expr: quantile("0.99", metric), legend: "p99", exemplar: true},
	}
}

// mean returns the mean of one part of the time over all requests, so that the parts
// add up.
func mean(metric string) string {
	return rate(metric+"_sum", "", "") + " / clamp_min(" + rate("gateway_request_duration_seconds_count", "", "") + ", 1e-9)"
}

// decisions returns the rate of policy decisions, which have no route.
func decisions(by, more string) string {
	return rateOf("gateway_policy_decisions_total", by, targets+more)
}

func one(expr, legend string) []query { return []query{{expr: expr, legend: legend}} }
