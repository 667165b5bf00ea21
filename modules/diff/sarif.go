package diff

import (
	"io"
	"net/url"
	"path/filepath"

	"gateway/internal/compat"
	"gateway/internal/openapi"
)

// The parts of SARIF 2.1.0 (OASIS) that code scanning reads.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name  string      `json:"name"`
		Rules []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID   string     `json:"id"`
		Help *sarifText `json:"help,omitempty"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Related      []sarifLocation    `json:"relatedLocations,omitempty"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification"`
	}
	sarifLocation struct {
		ID       int           `json:"id,omitempty"`
		Message  *sarifText    `json:"message,omitempty"`
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
	}
)

// sarifLevels are the words of SARIF §3.27.10.
var sarifLevels = map[compat.Severity]string{compat.Breaking: "error", compat.Warning: "warning", compat.Compatible: "note"}

// printSARIF writes one log with one run.
func printSARIF(out io.Writer, list []Comparison) error {
	driver := sarifDriver{Name: "gateway diff", Rules: []sarifRule{}}
	run := sarifRun{Results: []sarifResult{}}
	index := make(map[string]int)
	for _, c := range list {
		if c.Report == nil {
			continue
		}
		for i := range c.Changes {
			change := &c.Changes[i]
			n, known := index[change.Rule]
			if !known {
				n = len(driver.Rules)
				index[change.Rule] = n
				rule := sarifRule{ID: change.Rule}
				if change.Advice != "" {
					rule.Help = &sarifText{change.Advice}
				}
				driver.Rules = append(driver.Rules, rule)
			}
			run.Results = append(run.Results, sarifResultOf(change, n))
		}
	}
	run.Tool.Driver = driver
	return encode(out, sarifLog{
		Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run},
	})
}

func sarifResultOf(c *compat.Change, rule int) sarifResult {
	r := sarifResult{
		RuleID: c.Rule, RuleIndex: rule, Level: sarifLevels[c.Severity],
		Message: sarifText{c.Where() + c.Message}, Locations: []sarifLocation{sarifAt(c.New)},
	}
	was := sarifAt(c.Old)
	was.ID, was.Message = 1, &sarifText{"as it was"}
	r.Related = []sarifLocation{was}
	if c.Covered != "" {
		r.Suppressions = []sarifSuppression{{Kind: "external", Justification: "covered by " + c.Covered}}
	}
	if c.Waived != "" {
		r.Suppressions = []sarifSuppression{{Kind: "inSource", Justification: c.Waived}}
	}
	return r
}

// sarifAt writes a place. Locations are URI references (§3.4.3).
func sarifAt(p openapi.Position) sarifLocation {
	uri := url.URL{Path: filepath.ToSlash(p.File)}
	l := sarifLocation{Physical: sarifPhysical{Artifact: sarifArtifact{URI: uri.String()}}}
	if p.Line > 0 {
		l.Physical.Region = &sarifRegion{p.Line, p.Column}
	}
	return l
}
