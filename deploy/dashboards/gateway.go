package dashboards

import "fmt"

// Selectors of the chosen targets, and of the chosen routes of them.
const (
	targets = `job=~"$job",instance=~"$instance"`
	routes  = targets + `,api=~"$api",version=~"$version",route=~"$route"`
)

// Gateway is the dashboard that one leaves open: is it up, who calls what, what is
// refused and why, and whose time it is that requests take.
func Gateway() Dashboard {
	return Dashboard{
		UID:           "gateway",
		Title:         "Gateway",
		Description:   "Traffic, errors, latency, refusals and limits of the gateway, by API, version and route.",
		Tags:          []string{"gateway"},
		SchemaVersion: 41,
		GraphTooltip:  1,
		Refresh:       "10s",
		Time:          timeRange{From: "now-1h", To: "now"},
		Templating: templating{List: []Variable{
			{Name: "datasource", Label: "Data source", Type: "datasource", Query: "prometheus", Refresh: 1},
			choice("job", "Job", `label_values(gateway_config_generation, job)`),
			choice("instance", "Instance", `label_values(gateway_config_generation{job=~"$job"}, instance)`),
			choice("api", "API", `label_values(gateway_requests_total{`+targets+`}, api)`),
			choice("version", "Version", `label_values(gateway_requests_total{`+targets+`,api=~"$api"}, version)`),
			choice("route", "Route", `label_values(gateway_requests_total{`+targets+`,api=~"$api",version=~"$version"}, route)`),
		}},
		Panels: arrange([]row{overview, traffic, failures, latency, rejections, policies, limits, keys, health}),
	}
}

// rate returns the per-second rate of a counter over the selected routes, summed by
// the given labels; more is appended to the selector.
func rate(metric, by, more string) string {
	return sum(by, fmt.Sprintf("rate(%s{%s%s}[$__rate_interval])", metric, routes, more))
}

func sum(by, expr string) string {
	if by == "" {
		return "sum(" + expr + ")"
	}
	return "sum by (" + by + ") (" + expr + ")"
}

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

// decisions returns the rate of policy decisions, which have no route.
func decisions(by, more string) string {
	return sum(by, "rate(gateway_policy_decisions_total{"+targets+more+"}[$__rate_interval])")
}

func one(expr, legend string) []query { return []query{{expr: expr, legend: legend}} }

var (
	requests     = rate("gateway_requests_total", "", "")
	serverErrors = rate("gateway_requests_total", "", `,code=~"5.."`)
	refusals     = rate("gateway_rejections_total", "", `,reason!~"upstream[.].+"`)
)

var overview = row{"Overview", []panel{
	{kind: stat, title: "Requests", unit: "reqps", description: "Requests a second on the selected routes.", queries: one(requests, "")},
	{kind: stat, title: "Server errors", unit: "percentunit", description: "Share of requests answered with 5xx, by the gateway or by a service.", queries: one(share(serverErrors, requests), "")},
	{kind: stat, title: "Refused", unit: "percentunit", description: "Share of requests that a policy refused. Failures of upstreams are not in it.", queries: one(share(refusals, requests), "")},
	{kind: stat, title: "p95", unit: "s", description: "95 of 100 requests end within this time.", queries: one(quantile("0.95", "gateway_request_duration_seconds"), "")},
	{kind: stat, title: "Gateway's p95", unit: "s", description: "95 of 100 requests need no more than this of the gateway's own time.", queries: one(quantile("0.95", "gateway_own_duration_seconds"), "")},
	{kind: stat, title: "In flight", unit: "short", description: "Requests that have begun and not ended, on all routes. WebSockets and event streams that are open are not in it.", queries: one("sum(gateway_requests_in_flight{"+targets+"})", "")},
}}

var traffic = row{"Traffic", []panel{
	{kind: timeseries, title: "Requests by status", unit: "reqps", stacked: true, description: "Requests a second by status code. Code 0 is a response that was cut off before it began.", queries: one(rate("gateway_requests_total", "code", ""), "{{code}}")},
	{kind: timeseries, title: "Requests by version", unit: "reqps", stacked: true, description: "Requests a second by API and version: who still uses the old one.", queries: one(rate("gateway_requests_total", "api, version", ""), "{{api}} {{version}}")},
	{kind: timeseries, title: "Response bytes", unit: "Bps", description: "Bytes of response bodies a second, by API.", queries: one(rate("gateway_response_bytes_total", "api", ""), "{{api}}")},
	{kind: timeseries, title: "Busiest routes", unit: "reqps", description: "The ten routes with most requests a second. _other is what matches no operation.", queries: one("topk(10, "+rate("gateway_requests_total", "api, version, route", "")+")", "{{api}} {{route}}")},
	{kind: timeseries, title: "Requests by method", unit: "reqps", description: "Requests a second by method. _other are methods that HTTP does not define.", queries: one(rate("gateway_requests_total", "method", ""), "{{method}}")},
}}

var failures = row{"Errors", []panel{
	{kind: timeseries, title: "Server errors by API", unit: "percentunit", description: "Share of requests answered with 5xx.", queries: one(share(rate("gateway_requests_total", "api", `,code=~"5.."`), rate("gateway_requests_total", "api", "")), "{{api}}")},
	{kind: timeseries, title: "Client errors by API", unit: "percentunit", description: "Share of requests answered with 4xx.", queries: one(share(rate("gateway_requests_total", "api", `,code=~"4.."`), rate("gateway_requests_total", "api", "")), "{{api}}")},
	{kind: timeseries, title: "Failures of upstreams", unit: "reqps", stacked: true, description: "Requests a second that a service refused, did not answer in time or cut off, by reason.", queries: one(rate("gateway_rejections_total", "reason", `,reason=~"upstream[.].+"`), "{{reason}}")},
	{kind: timeseries, title: "Responses that break the contract", unit: "reqps", stacked: true, description: "Responses a second that a service gave against its contract: passed on (reported), or answered with 502 instead (refused).", queries: one(rate("gateway_response_checks_total", "result", `,result=~"reported|refused"`), "{{result}}")},
	{kind: table, title: "Which responses", unit: "short", description: "Responses against the contract over the time shown, by route.", queries: one(sum("api, version, route, result", "increase(gateway_response_checks_total{"+routes+`,result=~"reported|refused"}[$__range])`)+" > 0", "")},
}}

var latency = row{"Latency", []panel{
	{kind: timeseries, title: "Total", unit: "s", description: "From the first gateway handler to the end of the response. Points lead to traces where they are kept.", queries: quantiles("gateway_request_duration_seconds")},
	{kind: timeseries, title: "Gateway's own", unit: "s", description: "The part that the gateway itself needs, up to the last policy.", queries: quantiles("gateway_own_duration_seconds")},
	{kind: timeseries, title: "Upstream", unit: "s", description: "The part behind the last policy, with the writing of the response. Forwarded requests only.", queries: quantiles("gateway_upstream_duration_seconds")},
	{kind: timeseries, title: "Whose time it is", unit: "s", stacked: true, description: "Mean time of a request, split into the gateway's own and the upstream's. The sum is the mean total.", queries: []query{
		{expr: mean("gateway_own_duration_seconds"), legend: "gateway"},
		{expr: mean("gateway_upstream_duration_seconds"), legend: "upstream"},
	}},
	{kind: table, title: "Slowest routes", unit: "s", description: "The ten routes with the highest p95 over the time shown.", queries: one("topk(10, histogram_quantile(0.95, "+sum("le, api, version, route", "rate(gateway_request_duration_seconds_bucket{"+routes+"}[$__range])")+"))", "")},
}}

// mean returns the mean of one part of the time over all requests, so that the parts
// add up.
func mean(metric string) string {
	return rate(metric+"_sum", "", "") + " / " + rate("gateway_request_duration_seconds_count", "", "")
}

var rejections = row{"Refusals", []panel{
	{kind: timeseries, title: "Rejections by reason", unit: "reqps", stacked: true, description: "Requests a second that a policy refused or an upstream failed. Each reason has a page under /docs/errors/.", queries: one(rate("gateway_rejections_total", "reason", ""), "{{reason}}")},
	{kind: timeseries, title: "Rejections by API", unit: "percentunit", description: "Share of requests that were refused or failed.", queries: one(share(rate("gateway_rejections_total", "api", ""), rate("gateway_requests_total", "api", "")), "{{api}}")},
	{kind: table, title: "Where and why", unit: "short", description: "Rejections over the time shown, by route and reason.", queries: one(sum("api, version, route, reason", "increase(gateway_rejections_total{"+routes+"}[$__range])")+" > 0", "")},
}}

var policies = row{"Policies", []panel{
	{kind: timeseries, title: "Refused by policy", unit: "reqps", stacked: true, description: "Requests a second that each policy refused, on all routes.", queries: one(decisions("policy", `,decision="refused"`), "{{policy}}")},
	{kind: timeseries, title: "Would be refused", unit: "reqps", stacked: true, description: "Requests a second that a policy in report mode let through and would refuse if it were enforced.", queries: one(decisions("policy", `,decision="reported"`), "{{policy}}")},
	{kind: timeseries, title: "Decisions", unit: "reqps", description: "All decisions of the policies a second, on all routes.", queries: one(decisions("policy, decision", ""), "{{policy}} {{decision}}")},
}}

var limits = row{"Limits", []panel{
	{kind: timeseries, title: "Limit decisions", unit: "reqps", stacked: true, description: "Decisions of all limits a second, on all routes.", queries: one(decisions("decision", `,policy="ratelimit"`), "{{decision}}")},
	{kind: timeseries, title: "Refused by limits", unit: "reqps", description: "Requests a second that a limit refused, by API and reason.", queries: one(rate("gateway_rejections_total", "api, reason", `,reason=~"limit[.].+"`), "{{api}} {{reason}}")},
	{kind: timeseries, title: "Share refused by limits", unit: "percentunit", description: "Share of decisions of the limits that refused.", queries: one(share(decisions("", `,policy="ratelimit",decision="refused"`), decisions("", `,policy="ratelimit"`)), "refused")},
	{kind: timeseries, title: "Stores filled", unit: "percentunit", description: "How full the memory of each policy is. At 1, keys are forgotten before their quota is whole again.", queries: one(sum("policy", "gateway_ratelimit_store_keys{"+targets+"}")+" / "+sum("policy", "gateway_ratelimit_store_max_keys{"+targets+"}"), "{{policy}}")},
	{kind: timeseries, title: "Keys forgotten early", unit: "short", description: "Partition keys a second that a full store forgot before their quota was whole again. Anything but 0 asks for a larger store.", queries: one(sum("policy", "rate(gateway_ratelimit_store_evicted_total{"+targets+"}[$__rate_interval])"), "{{policy}}")},
}}

var keys = row{"Keys of issuers", []panel{
	{kind: timeseries, title: "Usable keys", unit: "short", description: "Keys that tokens can be verified with, on the worst instance. At 0, the issuer's tokens are answered with 503.", queries: one("min by (issuer) (gateway_auth_keys_usable{"+targets+"})", "{{issuer}}")},
	{kind: timeseries, title: "Age of the keys", unit: "s", description: "Time since the keys were fetched, on the worst instance. It rises when the issuer cannot be reached.", queries: one("max by (issuer) (gateway_auth_keys_age_seconds{"+targets+"})", "{{issuer}}")},
	{kind: timeseries, title: "Failed fetches", unit: "reqps", description: "Attempts a second to fetch keys that failed.", queries: one(sum("issuer", "rate(gateway_auth_keys_fetch_failures_total{"+targets+"}[$__rate_interval])"), "{{issuer}}")},
}}

var health = row{"Gateway", []panel{
	{kind: stat, title: "Last load", unit: "dateTimeFromNow", description: "When the live config of the youngest instance went live.", queries: one("1000 * max(gateway_config_last_load_timestamp_seconds{"+targets+"})", "")},
	{kind: stat, title: "Loads", unit: "short", description: "Configs that went live since the process started, most of all instances.", queries: one("max(gateway_config_generation{"+targets+"})", "")},
	{kind: stat, title: "Last reload worked", unit: "bool_yes_no", description: "Whether the last attempt to load a config went well on every instance.", queries: one("min(caddy_config_last_reload_successful{"+targets+"})", "")},
	{kind: stat, title: "Series dropped", unit: "reqps", description: "Requests a second counted under _other because a route has all the series it may have.", queries: one("sum(rate(gateway_series_dropped_total{"+targets+"}[$__rate_interval]))", "")},
	{kind: stat, title: "Memory", unit: "bytes", description: "Resident memory of the largest instance.", queries: one("max(process_resident_memory_bytes{"+targets+"})", "")},
	{kind: stat, title: "Goroutines", unit: "short", description: "Goroutines of the busiest instance.", queries: one("max(go_goroutines{"+targets+"})", "")},
}}
