// Package rules writes the recording and alerting rules for Prometheus that belong to
// the metrics of the gateway.
//
// Nothing in the rules depends on a configuration. The objectives of the APIs are
// metrics themselves, so that a changed objective is alerted on with the next scrape,
// and one file of rules serves every gateway.
package rules

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// File is a file of rules as Prometheus reads it.
type File struct {
	Groups []Group `yaml:"groups"`
}

// Group is a group of rules that are evaluated together.
type Group struct {
	Name     string `yaml:"name"`
	Interval string `yaml:"interval,omitempty"`
	Rules    []Rule `yaml:"rules"`
}

// Rule is a recording rule or an alert.
type Rule struct {
	Record      string            `yaml:"record,omitempty"`
	Alert       string            `yaml:"alert,omitempty"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for,omitempty"`
	Labels      map[string]string `yaml:"labels,omitempty"`
	Annotations map[string]string `yaml:"annotations,omitempty"`
}

// Severities of alerts: page wakes somebody, ticket waits for the morning.
const (
	page   = "page"
	ticket = "ticket"
)

// New returns all rules. runbooks is where the pages about the alerts are: a URL or
// path that ends with a slash.
func New(runbooks string) File {
	file := File{Groups: []Group{objectiveRecords(), budgetRecords(), refusalRecords(), burnAlerts(), healthAlerts()}}
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			if rule.Alert != "" {
				rule.Annotations["runbook_url"] = runbooks + rule.Annotations["runbook_url"]
			}
		}
	}
	return file
}

// alert makes an alert. runbook is the name of its page.
func alert(name, severity, held, expr, summary, description, runbook string) Rule {
	return Rule{
		Alert: name, Expr: expr, For: held,
		Labels:      map[string]string{"severity": severity},
		Annotations: map[string]string{"summary": summary, "description": description, "runbook_url": runbook + ".md"},
	}
}

const head = `# Recording rules and alerts for the gateway, written by "gateway rules". They hold for
# every configuration: the objectives of the APIs (slo) are metrics of the gateway.
`

// YAML returns the rules as Prometheus reads them.
func (f File) YAML() ([]byte, error) {
	var buf bytes.Buffer
	buf.WriteString(head)
	encoder := yaml.NewEncoder(&buf)
	encoder.SetIndent(2)
	if err := encoder.Encode(f); err != nil {
		return nil, fmt.Errorf("writing rules: %w", err)
	}
	return buf.Bytes(), encoder.Close()
}
