package rules

import "fmt"

// Refusals are what policies refused. Failures of upstreams are errors, which have
// objectives, and paths that nobody knows are mostly those of scanners.
const refusals = `reason!~"upstream[.].+|route[.]not_found"`

func refusalRatio(window string) string { return "job_api:gateway_refusals:ratio_rate" + window }

func refusalRecords() Group {
	group := Group{Name: "gateway_refusals"}
	for _, window := range []string{"10m", "1d"} {
		group.Rules = append(group.Rules, Rule{Record: refusalRatio(window), Expr: fmt.Sprintf(
			"sum by (job, api) (rate(gateway_rejections_total{%s}[%s]))\n/\nclamp_min(sum by (job, api) (rate(gateway_requests_total[%s])), 1e-9)",
			refusals, window, window)})
	}
	return group
}

// healthAlerts are about the gateway itself and what it depends on.
func healthAlerts() Group {
	return Group{Name: "gateway_health", Rules: []Rule{
		alert("GatewayGone", page, "5m", "absent(gateway_config_generation)",
			"No gateway is scraped",
			"Prometheus has seen no gateway for five minutes. Either none runs, or none can be reached.",
			"gone"),
		alert("GatewayInstanceDown", ticket, "5m",
			"up == 0\nand on (job, instance) last_over_time(gateway_config_generation[1h])",
			"Gateway {{ $labels.instance }} cannot be scraped",
			"The instance was there within the last hour and does not answer Prometheus any more.",
			"gone"),
		alert("GatewayReloadFailed", ticket, "5m", "caddy_config_last_reload_successful == 0\nand on (job, instance) gateway_config_generation",
			"A configuration does not load on {{ $labels.instance }}",
			"The last attempt to load a configuration failed. The one before it serves on; a restart would not find it again.",
			"reload-failed"),
		alert("GatewayContractUnhealthy", ticket, "10m", "min by (job, api, version) (gateway_contract_healthy) == 0",
			"The newest contract of {{ $labels.api }} {{ $labels.version }} cannot be used",
			"The contract before it is served on. If there is none, requests are answered with 503.",
			"contract-unhealthy"),
		alert("GatewayKeysMissing", page, "2m", "min by (job, issuer) (gateway_auth_keys_usable) == 0",
			"No token of {{ $labels.issuer }} can be verified",
			"A gateway has no usable key of the issuer. Requests with its tokens are answered with 503.",
			"keys"),
		alert("GatewayKeysStale", ticket, "15m", "max by (job, issuer) (gateway_auth_keys_stale) == 1",
			"The keys of {{ $labels.issuer }} are stale",
			"A gateway cannot fetch the keys of the issuer. Those it has serve on for a limited time; a new key is not known.",
			"keys"),
		alert("GatewayStoreDown", ticket, "2m", "min by (job) (gateway_redis_up) == 0",
			"The shared store cannot be used",
			"A gateway goes without Redis. Limits do what on_error says: by default each gateway counts for itself.",
			"store-down"),
		alert("GatewayLimitsForget", ticket, "15m", "sum by (job, policy) (increase(gateway_ratelimit_store_evicted_total[15m])) > 0",
			"The limit {{ $labels.policy }} has more callers than it can remember",
			"{{ $value | humanize }} keys were forgotten in 15 minutes before their quota was whole again.",
			"limits-forget"),
		rejectionSpike(),
		alert("GatewaySunsetVersionUsed", ticket, "1h",
			"max by (job, api, version) (gateway_version_sunset_timestamp_seconds) - time() < 30 * 86400\nand time() - max by (job, api, version) (gateway_version_last_request_timestamp_seconds) < 86400",
			"{{ $labels.api }} {{ $labels.version }} is still asked for",
			"Time until its sunset: {{ $value | humanizeDuration }}. Somebody asked for it within the last day.",
			"sunset-version-used"),
		alert("GatewaySeriesDropped", ticket, "15m", "sum by (job, instance) (increase(gateway_series_dropped_total[15m])) > 0",
			"Metrics of {{ $labels.instance }} are incomplete",
			"{{ $value | humanize }} requests in 15 minutes were counted under _other, because there are more routes or codes than may have series.",
			"series-dropped"),
	}}
}

// rejectionSpike tells that much more is refused than usual, and that it is no trifle.
func rejectionSpike() Rule {
	now := refusalRatio("10m")
	return alert("GatewayRejectionSpike", ticket, "5m",
		fmt.Sprintf("%s > 0.2\nand %s > 3 * %s\nand sum by (job, api) (increase(gateway_rejections_total{%s}[10m])) >= 100",
			now, now, refusalRatio("1d"), refusals),
		"{{ $labels.api }} refuses more requests than usual",
		"{{ $value | humanizePercentage }} of the requests of the last ten minutes were refused, more than three times the share of the last day.",
		"rejection-spike")
}
