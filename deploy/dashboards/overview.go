package dashboards

var (
	requests     = rate("gateway_requests_total", "", "")
	serverErrors = rate("gateway_requests_total", "", `,code=~"5.."`)
	refusals     = rate("gateway_rejections_total", "", `,reason!~"upstream[.].+"`)
)

var overview = row{"Overview", []panel{
	{kind: stat, title: "Requests", unit: "reqps", description: "Requests a second on the selected routes.", queries: one(orZero(requests), "")},
	{kind: stat, title: "Server errors", unit: "percentunit", description: "Share of requests answered with 5xx, by the gateway or by a service.", queries: one(orZero(share(serverErrors, requests)), "")},
	{kind: stat, title: "Refused", unit: "percentunit", description: "Share of requests that a policy refused. Failures of upstreams are not in it.", queries: one(orZero(share(refusals, requests)), "")},
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

var rejections = row{"Refusals", []panel{
	{kind: timeseries, title: "Rejections by reason", unit: "reqps", stacked: true, description: "Requests a second that a policy refused or an upstream failed. Each reason has a page under /docs/errors/.", queries: one(rate("gateway_rejections_total", "reason", ""), "{{reason}}")},
	{kind: timeseries, title: "Rejections by API", unit: "percentunit", description: "Share of requests that were refused or failed.", queries: one(share(rate("gateway_rejections_total", "api", ""), rate("gateway_requests_total", "api", "")), "{{api}}")},
	{kind: table, title: "Where and why", unit: "short", description: "Rejections over the time shown, by route and reason.", queries: one(increase("gateway_rejections_total", "api, version, route, reason", "")+" > 0", "")},
}}

var health = row{"Gateway", []panel{
	{kind: stat, title: "Last load", unit: "dateTimeFromNow", description: "When the live config of the youngest instance went live.", queries: one("1000 * max(gateway_config_last_load_timestamp_seconds{"+targets+"})", "")},
	{kind: stat, title: "Loads", unit: "short", description: "Configs that went live since the process started, most of all instances.", queries: one("max(gateway_config_generation{"+targets+"})", "")},
	{kind: stat, title: "Last reload worked", unit: "bool_yes_no", description: "Whether the last attempt to load a config went well on every instance.", queries: one("min(caddy_config_last_reload_successful{"+targets+"})", "")},
	{kind: stat, title: "Series dropped", unit: "reqps", description: "Requests a second counted under _other because a route has all the series it may have.", queries: one("sum(rate(gateway_series_dropped_total{"+targets+"}[$__rate_interval]))", "")},
	{kind: stat, title: "Memory", unit: "bytes", description: "Resident memory of the largest instance.", queries: one("max(process_resident_memory_bytes{"+targets+"})", "")},
	{kind: stat, title: "Goroutines", unit: "short", description: "Goroutines of the busiest instance.", queries: one("max(go_goroutines{"+targets+"})", "")},
}}
