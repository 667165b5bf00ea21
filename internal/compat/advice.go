package compat

// advices are for rules that ask for something of their own.
var advices = map[string]string{
	"api-removed-without-deprecation":      "keep the operation; or announce its end first (deprecated: true, x-sunset) and remove it after that date",
	"api-path-removed-without-deprecation": "keep the path; or announce its end first (deprecated: true, x-sunset) and remove it after that date",
	"api-removed-before-sunset":            "keep the operation until the date that x-sunset promises",
	"api-path-removed-before-sunset":       "keep the path until the date that x-sunset promises",
	"response-optional-property-removed":   "keep sending the field until this version is switched off, with deprecated: true",
	"response-required-property-removed":   "keep sending the field until this version is switched off, with deprecated: true",
	"response-property-enum-value-added":   "send the new value in a new version only, or announce the list as open with x-extensible-enum from the start",
	"request-property-removed":             "if the service ignores the field, nothing breaks; where additionalProperties is false, requests with it are refused from now on",
	"request-parameter-removed":            "if the service ignores the parameter, nothing breaks; with unknown_query reject, requests with it are refused from now on",
	"api-operation-id-removed":             "keep the operationId; it is a name in the code of clients",
	ruleBase:                               "keep the old base path as a further server until this version is switched off",
	ruleSecurity:                           "let callers in without it until this version is switched off, or demand it in a new version",
}

// advise returns what to do about a change. Within one version it helps always to make
// a new one; between two versions the break may be what the newer one is for.
func (p *pair) advise(rule string) string {
	text := advice(rule)
	if rules[rule].kind == "lifecycle" {
		return text
	}
	if p.older.Version != p.newer.Version {
		return text + "; or carry old clients over it (gateway new change), or accept it with " + waiverMember + " and a reason"
	}
	return text + "; or put the change into a new version (gateway new version)"
}

func advice(rule string) string {
	if text, ok := advices[rule]; ok {
		return text
	}
	kind := rules[rule]
	switch {
	case kind.kind == "lifecycle":
		return "keep to the dates that were announced, or announce later ones"
	case kind.area == "security":
		return "go on to accept the credentials that clients have"
	case kind.direction == "request" && kind.effect == "narrows":
		return "go on to accept what was accepted: make it optional, give it a default, or leave the old limit"
	case kind.direction == "request":
		return "go on to accept what was accepted; add the new form beside the old one"
	case kind.direction == "response":
		return "go on to send what was promised; put what is new into a field or status of its own"
	}
	return "leave it as it was"
}
