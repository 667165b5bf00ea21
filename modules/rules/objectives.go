package rules

import "fmt"

// windows are those over which the share of bad requests is recorded.
var windows = []string{"5m", "30m", "1h", "6h", "3d"}

// by is what an objective belongs to: the gateways of one job have it together.
const by = "sum by (job, api, slo) "

// objective is the recorded objective.
const objective = "job_api_slo:gateway_slo_objective:ratio"

// errorRatio is the recorded share of bad requests over a window.
func errorRatio(window string) string { return "job_api_slo:gateway_slo_errors:ratio_rate" + window }

// objectiveRecords records the objectives, and how many requests miss them. Without
// requests the share is 0, not a gap.
func objectiveRecords() Group {
	group := Group{Name: "gateway_slo", Rules: []Rule{
		{Record: objective, Expr: "max by (job, api, slo) (gateway_slo_objective_ratio)"},
	}}
	for _, window := range windows {
		group.Rules = append(group.Rules, Rule{Record: errorRatio(window), Expr: fmt.Sprintf(
			"%s(rate(gateway_slo_bad_requests_total[%s]))\n/\nclamp_min(%s(rate(gateway_slo_requests_total[%s])), 1e-9)",
			by, window, by, window)})
	}
	return group
}

// budgetRecords records what is left of the error budgets. Looking at 30 days costs
// more than the rest, and nobody needs it by the second.
func budgetRecords() Group {
	return Group{Name: "gateway_slo_budget", Interval: "5m", Rules: []Rule{
		{Record: "job_api_slo:gateway_slo_budget_left:ratio_30d", Expr: fmt.Sprintf(
			"1 - (\n  %s(increase(gateway_slo_bad_requests_total[30d]))\n  /\n  clamp_min(%s(increase(gateway_slo_requests_total[30d])), 1e-9)\n) / (1 - %s)",
			by, by, objective)},
	}}
}

// burn is how fast an error budget is used up: a factor of 1 uses up 30 days' budget in
// 30 days. The long window says that it matters, the short one that it goes on.
type burn struct {
	alert       string
	factor      float64
	long, short string
	severity    string
	gone        string
}

// burns are the ones that the Site Reliability Workbook advises (chapter 5, "Alerting on
// SLOs", table 5-8).
var burns = []burn{
	{"GatewayErrorBudgetBurnsFast", 14.4, "1h", "5m", page, "in two days"},
	{"GatewayErrorBudgetBurns", 6, "6h", "30m", page, "in five days"},
	{"GatewayErrorBudgetBurnsSlowly", 1, "3d", "6h", ticket, "before its time"},
}

const (
	// minBad is how many bad requests the long window has to have. An API that is
	// called ten times an hour does not page for one failure, but does for an outage.
	minBad = 10
	// maxRatio bounds the share that an alert asks for: with an objective below 94.5 %
	// the fastest one would ask for more failures than there are requests.
	maxRatio = 0.8
)

func burnAlerts() Group {
	group := Group{Name: "gateway_slo_alerts"}
	for _, b := range burns {
		threshold := fmt.Sprintf("clamp_max(%v * (1 - %s), %v)", b.factor, objective, maxRatio)
		expr := fmt.Sprintf("%s > %s\nand %s > %s\nand %s(increase(gateway_slo_bad_requests_total[%s])) >= %d",
			errorRatio(b.long), threshold, errorRatio(b.short), threshold, by, b.long, minBad)
		group.Rules = append(group.Rules, alert(b.alert, b.severity, "", expr,
			"API {{ $labels.api }} misses its objective of {{ $labels.slo }}",
			fmt.Sprintf("{{ $value | humanizePercentage }} of the requests of the last %s were bad, %v times what the objective allows or more. At that rate the budget of 30 days is gone %s.", b.long, b.factor, b.gone),
			"error-budget"))
	}
	return group
}
