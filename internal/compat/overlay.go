package compat

// judgement is a severity of ours with its reason.
type judgement struct {
	severity Severity
	because  string
}

// overlays are the rules that we judge in another way than oasdiff does. It holds an
// optional field for something that no client may count on; clients do.
var overlays = map[string]judgement{
	"response-optional-property-removed":      {Breaking, "clients that read the field break, optional or not"},
	"optional-response-header-removed":        {Breaking, "clients that read the header break, optional or not"},
	"response-non-success-status-removed":     {Warning, "clients may handle the status in a way of its own"},
	"api-operation-id-removed":                {Warning, "generated clients name their methods after it"},
	"request-parameter-default-value-changed": {Warning, "clients that leave it out get something else"},
	"request-property-default-value-changed":  {Warning, "clients that leave it out get something else"},
	"request-body-default-value-changed":      {Warning, "clients that leave it out get something else"},
	"request-parameter-default-value-removed": {Warning, "clients that leave it out may get something else"},
	"request-property-default-value-removed":  {Warning, "clients that leave it out may get something else"},
	"request-body-default-value-removed":      {Warning, "clients that leave it out may get something else"},
}

// overlay returns the severity of a change, and why it is not that of oasdiff.
func overlay(r *raw) (Severity, string) {
	if j, ok := overlays[r.rule]; ok && severityRank[j.severity] != severityRank[r.level] {
		return j.severity, j.because
	}
	kind := rules[r.rule]
	switch {
	case r.doubtful && r.level == Warning && kind.severity == Breaking:
		return Breaking, "one branch of an allOf is enough to refuse, or to change, what clients exchange"
	case kind.kind == "lifecycle" && r.level == Breaking:
		// Dates of operations announce something; they break nobody.
		return Warning, "announcements break no client"
	}
	return r.level, ""
}
