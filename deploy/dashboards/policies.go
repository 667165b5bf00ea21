package dashboards

var policies = row{"Policies", []panel{
	{kind: timeseries, title: "Refused by policy", unit: "reqps", stacked: true, description: "Requests a second that each policy refused, on all routes.", queries: one(decisions("policy", `,decision="refused"`), "{{policy}}")},
	{kind: timeseries, title: "Would be refused", unit: "reqps", stacked: true, description: "Requests a second that a policy in report mode let through and would refuse if it were enforced.", queries: one(decisions("policy", `,decision="reported"`), "{{policy}}")},
	{kind: timeseries, title: "Decisions", unit: "reqps", description: "All decisions of the policies a second, on all routes.", queries: one(decisions("policy, decision", ""), "{{policy}} {{decision}}")},
}}

var tokens = row{"Tokens", []panel{
	{kind: timeseries, title: "Refused tokens", unit: "reqps", stacked: true, description: "Requests a second that auth refused, by the precise reason, which clients are not told.", queries: one(rate("gateway_rejections_total", "reason", `,reason=~"auth[.].+"`), "{{reason}}")},
	{kind: table, title: "Where tokens are refused", unit: "short", description: "Requests that auth refused over the time shown, by route and reason.", queries: one(increase("gateway_rejections_total", "api, version, route, reason", `,reason=~"auth[.].+"`)+" > 0", "")},
	{kind: timeseries, title: "Share refused by auth", unit: "percentunit", description: "Share of the decisions of auth that refused, on all routes.", queries: one(share(decisions("", `,policy="auth",decision="refused"`), decisions("", `,policy="auth"`)), "refused")},
	{kind: timeseries, title: "Introspections", unit: "reqps", stacked: true, description: "Opaque tokens a second that an issuer was asked about, by its answer. Empty without introspection.", queries: one(rateOf("gateway_auth_introspections_total", "endpoint, outcome", targets), "{{endpoint}} {{outcome}}")},
	{kind: timeseries, title: "Deny list", unit: "short", description: "Tokens and subjects that are revoked, on the instance with most. Empty without a deny list.", queries: one(aggregate("max", "list", "gateway_auth_deny_entries{"+targets+"}"), "{{list}}")},
}}

var keys = row{"Keys of issuers", []panel{
	{kind: timeseries, title: "Usable keys", unit: "short", description: "Keys that tokens can be verified with, on the worst instance. At 0, the issuer's tokens are answered with 503.", queries: one(aggregate("min", "issuer", "gateway_auth_keys_usable{"+targets+"}"), "{{issuer}}")},
	{kind: timeseries, title: "Age of the keys", unit: "s", description: "Time since the keys were fetched, on the worst instance. It rises when the issuer cannot be reached.", queries: one(aggregate("max", "issuer", "gateway_auth_keys_age_seconds{"+targets+"}"), "{{issuer}}")},
	{kind: timeseries, title: "Failed fetches", unit: "reqps", description: "Attempts a second to fetch keys that failed.", queries: one(rateOf("gateway_auth_keys_fetch_failures_total", "issuer", targets), "{{issuer}}")},
}}

var limits = row{"Limits", []panel{
	{kind: timeseries, title: "Decisions by limit", unit: "reqps", stacked: true, description: "Decisions of each limit a second, on all routes.", queries: one(rateOf("gateway_ratelimit_decisions_total", "policy, decision", targets), "{{policy}} {{decision}}")},
	{kind: timeseries, title: "Refused by limits", unit: "reqps", description: "Requests a second that a limit refused, by API and reason.", queries: one(rate("gateway_rejections_total", "api, reason", `,reason=~"limit[.].+"`), "{{api}} {{reason}}")},
	{kind: timeseries, title: "Share refused by limits", unit: "percentunit", description: "Share of the requests of each limit that it refused.", queries: one(share(rateOf("gateway_ratelimit_decisions_total", "policy", targets+`,decision="refused"`), rateOf("gateway_ratelimit_decisions_total", "policy", targets)), "{{policy}}")},
	{kind: timeseries, title: "Stores filled", unit: "percentunit", description: "How full the memory of each limit is. At 1, keys are forgotten before their quota is whole again.", queries: one(sum("policy", "gateway_ratelimit_store_keys{"+targets+"}")+" / "+sum("policy", "gateway_ratelimit_store_max_keys{"+targets+"}"), "{{policy}}")},
	{kind: timeseries, title: "Keys forgotten early", unit: "short", description: "Partition keys a second that a full store forgot before their quota was whole again. Anything but 0 asks for a larger store.", queries: one(rateOf("gateway_ratelimit_store_evicted_total", "policy", targets), "{{policy}}")},
	{kind: timeseries, title: "In flight by limit", unit: "short", description: "Requests under way of limits that bound the concurrency. Empty without such a limit.", queries: one(sum("policy", "gateway_ratelimit_in_flight{"+targets+"}"), "{{policy}}")},
}}

var store = row{"Shared store", []panel{
	{kind: stat, title: "Instances without store", unit: "short", description: "Instances that cannot use Redis at the moment. Limits do what on_error says.", queries: one(orZero("count(gateway_redis_up{"+targets+"} == 0)"), "")},
	{kind: stat, title: "Gateways on the store", unit: "short", description: "Gateways that use the shared store, as they see each other.", queries: one(orZero("max(gateway_redis_nodes{"+targets+"})"), "")},
	{kind: timeseries, title: "Calls", unit: "ops", stacked: true, description: "Calls to the store a second by outcome. down are those that were not made.", queries: one(rateOf("gateway_redis_calls_total", "outcome", targets), "{{outcome}}")},
	{kind: timeseries, title: "Time of calls", unit: "s", description: "Time that 50, 95 and 99 of 100 calls to the store need. A gap means that there were no calls.", queries: []query{
		{expr: redisQuantile("0.5"), legend: "p50"}, {expr: redisQuantile("0.95"), legend: "p95"}, {expr: redisQuantile("0.99"), legend: "p99"},
	}},
}}

func redisQuantile(q string) string {
	return "histogram_quantile(" + q + ", " + rateOf("gateway_redis_call_duration_seconds_bucket", "le", targets) + ")"
}
