package dashboards

import "fmt"

// What the rules record; "gateway rules" prints them.
const (
	objective  = "job_api_slo:gateway_slo_objective:ratio{" + recorded + "}"
	budgetLeft = "job_api_slo:gateway_slo_budget_left:ratio_30d{" + recorded + "}"
)

func badShare(window string) string {
	return fmt.Sprintf("job_api_slo:gateway_slo_errors:ratio_rate%s{%s}", window, recorded)
}

var objectives = row{"Objectives", []panel{
	{kind: stat, title: "Budget left", unit: "percentunit", signed: true, description: "What is left of the error budget of 30 days, of the worst objective. Below zero the objective is missed.", queries: one("min("+budgetLeft+")", "")},
	{kind: stat, title: "Objectives missed", unit: "short", description: "Objectives whose budget of 30 days is used up.", queries: one(orZero("count("+budgetLeft+" < 0)"), "")},
	{kind: stat, title: "Alerts", unit: "short", description: "Alerts of the gateway that fire, of all APIs and instances.", queries: one(orZero(`count(ALERTS{alertname=~"Gateway.+",alertstate="firing"})`), "")},
	{kind: stat, title: "Bad requests", unit: "reqps", description: "Requests a second that miss an objective.", queries: one(orZero(rateOf("gateway_slo_bad_requests_total", "", apis)), "")},
	{kind: table, title: "Promises", unit: "short", description: "Each objective, the share of requests that kept it in the last hour and in three days, and what is left of its budget of 30 days.", wide: true, queries: []query{
		{expr: aggregate("max", "api, slo", objective), name: "Objective", unit: "percentunit"},
		{expr: "1 - " + aggregate("max", "api, slo", badShare("1h")), name: "Last hour", unit: "percentunit"},
		{expr: "1 - " + aggregate("max", "api, slo", badShare("3d")), name: "Three days", unit: "percentunit"},
		{expr: aggregate("min", "api, slo", budgetLeft), name: "Budget left", unit: "percentunit"},
	}},
}}

// burnRate is how many times too fast the budget is used.
func burnRate(window string) string {
	return "max by (api, slo) (" + badShare(window) + " / (1 - " + objective + "))"
}

var burning = row{"Budgets", []panel{
	{kind: timeseries, title: "Budget left", unit: "percentunit", signed: true, description: "What is left of each error budget of 30 days.", queries: one(aggregate("min", "api, slo", budgetLeft), "{{api}} {{slo}}")},
	{kind: timeseries, title: "Burn rate, one hour", unit: "short", description: "How many times too fast the budget was used in the last hour. 1 uses up the budget of 30 days in 30 days; 14.4 pages.", queries: one(burnRate("1h"), "{{api}} {{slo}}")},
	{kind: timeseries, title: "Burn rate, six hours", unit: "short", description: "How many times too fast the budget was used in six hours. 6 pages.", queries: one(burnRate("6h"), "{{api}} {{slo}}")},
	{kind: timeseries, title: "Burn rate, three days", unit: "short", description: "How many times too fast the budget was used in three days. 1 is a ticket.", queries: one(burnRate("3d"), "{{api}} {{slo}}")},
	{kind: timeseries, title: "Burn rate, five minutes", unit: "short", description: "How many times too fast the budget is used right now. The fastest alert ends when it falls below 14.4.", queries: one(burnRate("5m"), "{{api}} {{slo}}")},
	{kind: timeseries, title: "Bad requests", unit: "reqps", stacked: true, description: "Requests a second that miss an objective: failed, or slower than promised.", queries: one(rateOf("gateway_slo_bad_requests_total", "api, slo", apis), "{{api}} {{slo}}")},
}}

var culprits = row{"Where and why", []panel{
	{kind: timeseries, title: "Failures by reason", unit: "reqps", stacked: true, description: "Requests a second that failed and not by the client's fault, by reason. What has no reason is a 5xx of the service itself.", queries: one(rate("gateway_rejections_total", "reason", `,reason=~"upstream[.].+|.+_unavailable|schema[.]response|change[.]failed"`), "{{reason}}")},
	{kind: table, title: "Failures by route", unit: "short", description: "Requests answered with 5xx over the time shown, by route and code.", queries: one(increase("gateway_requests_total", "api, version, route, code", `,code=~"5.."`)+" > 0", "")},
	{kind: timeseries, title: "Latency and promise", unit: "s", description: "Time that 99 of 100 requests of an API need, beside the time that its objective promises.", queries: []query{
		{expr: "histogram_quantile(0.99, " + rate("gateway_request_duration_seconds_bucket", "le, api", "") + ")", legend: "{{api}} p99", exemplar: true},
		{expr: aggregate("min", "api", "gateway_slo_latency_threshold_seconds{"+apis+"}"), legend: "{{api}} promised"},
	}},
	{kind: table, title: "Slowest routes", unit: "s", description: "The ten routes whose slowest 1 of 100 requests need most time, over the time shown.", queries: one("topk(10, histogram_quantile(0.99, "+increase("gateway_request_duration_seconds_bucket", "le, "+perRoute, "")+"))", "")},
	{kind: timeseries, title: "Whose time it is", unit: "s", stacked: true, description: "Mean time of a request, split into the gateway's own and the upstream's.", queries: []query{
		{expr: mean("gateway_own_duration_seconds"), legend: "gateway"},
		{expr: mean("gateway_upstream_duration_seconds"), legend: "upstream"},
	}},
}}
