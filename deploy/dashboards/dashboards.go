package dashboards

// All returns the dashboards by the name of their file.
func All() map[string]Dashboard {
	return map[string]Dashboard{
		"overview.json": dashboard("gateway-overview", "Gateway / Overview",
			"Is it up, who calls what, what fails, what is refused and why, and whose time it is that requests take.",
			overview, traffic, failures, latency, rejections, health),
		"versions.json": dashboard("gateway-versions", "Gateway / API and versions",
			"The routes of the APIs, which versions are used and when they end, and whether services keep their contracts.",
			versionsNow, adoption, routeTable, contracts, streams),
		"policies.json": dashboard("gateway-policies", "Gateway / Auth and limits",
			"What the policies decide, the keys of the issuers, the limits and the shared store.",
			policies, tokens, keys, limits, store),
		"slo.json": dashboard("gateway-slo", "Gateway / SLO",
			"The objectives of the APIs (slo), how fast their error budgets are used, and where the bad requests are. It reads what the rules of gateway rules record.",
			objectives, burning, culprits),
	}
}

// dashboard makes a dashboard with the variables and links that all of them have.
func dashboard(uid, title, description string, rows ...row) Dashboard {
	return Dashboard{
		UID: uid, Title: title, Description: description,
		Tags:          []string{tag},
		SchemaVersion: 41,
		GraphTooltip:  1,
		Refresh:       "10s",
		Time:          timeRange{From: "now-1h", To: "now"},
		Links:         []link{{Title: "Gateway", Type: "dashboards", Tags: []string{tag}, IncludeVars: true, KeepTime: true, Icon: "external link"}},
		Templating: templating{List: []Variable{
			{Name: "datasource", Label: "Data source", Type: "datasource", Query: "prometheus", Refresh: 1},
			choice("job", "Job", `label_values(gateway_config_generation, job)`),
			choice("instance", "Instance", `label_values(gateway_config_generation{job=~"$job"}, instance)`),
			choice("api", "API", `label_values(gateway_requests_total{`+targets+`}, api)`),
			choice("version", "Version", `label_values(gateway_requests_total{`+apis+`}, version)`),
			choice("route", "Route", `label_values(gateway_requests_total{`+versions+`}, route)`),
		}},
		Panels: arrange(rows),
	}
}

// tag is what the dashboards find each other by.
const tag = "gateway"
