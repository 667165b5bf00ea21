package dashboards

const (
	untilSunset = `min by (api, version) (gateway_version_sunset_timestamp_seconds{` + versions + `}) - time()`
	lastAsked   = `1000 * max by (api, version) (gateway_version_last_request_timestamp_seconds{` + versions + `})`
	deprecated  = `1000 * max by (api, version) (gateway_version_deprecation_timestamp_seconds{` + versions + `})`
)

var versionsNow = row{"Versions", []panel{
	{kind: table, title: "Life of the versions", unit: "short", description: "When each version is or was deprecated, how long until its sunset, and when it was last asked for.", queries: []query{
		{expr: deprecated, name: "Deprecated", unit: "dateTimeAsIso"},
		{expr: untilSunset, name: "Until sunset", unit: "dtdurations"},
		{expr: lastAsked, name: "Last asked for", unit: "dateTimeFromNow"},
	}},
	{kind: timeseries, title: "Until the sunset", unit: "dtdurations", signed: true, description: "Time until each version is switched off. Below zero it is.", queries: one(untilSunset, "{{api}} {{version}}")},
}}

var adoption = row{"Who uses what", []panel{
	{kind: timeseries, title: "Share of the versions", unit: "percentunit", stacked: true, description: "Each version's share of the requests of its API.", queries: one(
		rate("gateway_requests_total", "api, version", "")+" / on (api) group_left () clamp_min("+rate("gateway_requests_total", "api", "")+", 1e-9)", "{{api}} {{version}}")},
	{kind: timeseries, title: "Deprecated versions", unit: "reqps", stacked: true, description: "Requests a second to versions that have a sunset.", queries: one(
		rate("gateway_requests_total", "api, version", "")+" and on (api, version) gateway_version_sunset_timestamp_seconds{"+versions+"}", "{{api}} {{version}}")},
	{kind: timeseries, title: "Deprecated operations and parameters", unit: "reqps", stacked: true, description: "Requests a second that used what a contract marks as deprecated.", queries: one(rate("gateway_deprecated_requests_total", "api, version, part", ""), "{{api}} {{version}} {{part}}")},
}}

var routeTable = row{"Routes", []panel{
	{kind: table, title: "Routes", unit: "short", description: "The routes over the time shown: requests, share of 5xx, share refused or failed, and the time that 95 of 100 requests need. _other is what matches no operation.", wide: true, queries: []query{
		{expr: increase("gateway_requests_total", perRoute, ""), name: "Requests", unit: "short"},
		{expr: share(increase("gateway_requests_total", perRoute, `,code=~"5.."`), increase("gateway_requests_total", perRoute, "")), name: "5xx", unit: "percentunit"},
		{expr: share(increase("gateway_rejections_total", perRoute, ""), increase("gateway_requests_total", perRoute, "")), name: "Refused or failed", unit: "percentunit"},
		{expr: "histogram_quantile(0.95, " + increase("gateway_request_duration_seconds_bucket", "le, "+perRoute, "") + ")", name: "p95", unit: "s"},
	}},
	{kind: timeseries, title: "Requests by route", unit: "reqps", description: "The ten routes with most requests a second.", queries: one("topk(10, "+rate("gateway_requests_total", perRoute, "")+")", "{{api}} {{version}} {{route}}")},
	{kind: timeseries, title: "Server errors by route", unit: "reqps", description: "The ten routes with most 5xx a second.", queries: one("topk(10, "+rate("gateway_requests_total", perRoute, `,code=~"5.."`)+")", "{{api}} {{version}} {{route}}")},
	{kind: timeseries, title: "p95 by route", unit: "s", description: "The ten routes that need most time for 95 of 100 requests. A gap means that there were no requests.", queries: one("topk(10, histogram_quantile(0.95, "+rate("gateway_request_duration_seconds_bucket", "le, "+perRoute, "")+"))", "{{api}} {{version}} {{route}}")},
}}

const perRoute = "api, version, route"

var contracts = row{"Contracts", []panel{
	{kind: table, title: "Health of the contracts", unit: "short", description: "Whether the newest contract is the one that is served, on every instance, and when it was read or confirmed.", queries: []query{
		{expr: `min by (api, version) (gateway_contract_healthy{` + versions + `})`, name: "Healthy", unit: "bool_yes_no"},
		{expr: `1000 * min by (api, version) (gateway_contract_last_success_timestamp_seconds{` + versions + `})`, name: "Read", unit: "dateTimeFromNow"},
	}},
	{kind: timeseries, title: "Responses that break the contract", unit: "reqps", stacked: true, description: "Responses a second that a service gave against its contract: passed on (reported), or answered with 502 instead (refused).", queries: one(rate("gateway_response_checks_total", "result", `,result=~"reported|refused"`), "{{result}}")},
	{kind: table, title: "Which responses", unit: "short", description: "Responses against the contract over the time shown, by route.", queries: one(increase("gateway_response_checks_total", "api, version, route, result", `,result=~"reported|refused"`)+" > 0", "")},
	{kind: timeseries, title: "Checks of responses", unit: "reqps", stacked: true, description: "Responses a second by what became of their check. Those that cannot be checked say why.", queries: one(rate("gateway_response_checks_total", "result", ""), "{{result}}")},
	{kind: timeseries, title: "Requests that break the contract", unit: "reqps", stacked: true, description: "Requests a second that do not match the contract, by reason.", queries: one(rate("gateway_rejections_total", "reason", `,reason=~"schema[.].+"`), "{{reason}}")},
}}

var streams = row{"Streams", []panel{
	{kind: timeseries, title: "Open streams", unit: "short", stacked: true, description: "WebSockets, event streams (sse) and other upgraded connections that are open, of all APIs.", queries: one(sum("kind", "gateway_streams_in_flight{"+targets+"}"), "{{kind}}")},
	{kind: timeseries, title: "Life of streams", unit: "s", description: "How long streams lasted that have ended: half of them, and 95 of 100.", queries: []query{
		{expr: "histogram_quantile(0.5, " + rate("gateway_stream_duration_seconds_bucket", "le, kind", "") + ")", legend: "{{kind}} p50"},
		{expr: "histogram_quantile(0.95, " + rate("gateway_stream_duration_seconds_bucket", "le, kind", "") + ")", legend: "{{kind}} p95"},
	}},
	{kind: timeseries, title: "Response bytes by route", unit: "Bps", description: "The ten routes with most bytes of response bodies a second. Those of streams count when they end.", queries: one("topk(10, "+rate("gateway_response_bytes_total", perRoute, "")+")", "{{api}} {{version}} {{route}}")},
}}
