package diff

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"gateway/internal/compat"
	"gateway/internal/openapi"
)

// printer writes a report in one format.
type printer func(io.Writer, []Comparison) error

var formats = map[string]printer{"text": printText, "json": printJSON, "github": printGitHub, "sarif": printSARIF}

type jsonPlace struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

type jsonChange struct {
	Severity   compat.Severity `json:"severity"`
	Rule       string          `json:"rule"`
	Message    string          `json:"message"`
	Operations []string        `json:"operations,omitempty"`
	Old        jsonPlace       `json:"old"`
	New        jsonPlace       `json:"new"`
	Advice     string          `json:"advice,omitempty"`
	Why        string          `json:"why,omitempty"`
	Covered    string          `json:"covered_by,omitempty"`
	Waived     string          `json:"waived,omitempty"`
}

type jsonWaiver struct {
	Rule   string    `json:"rule"`
	Reason string    `json:"reason"`
	At     jsonPlace `json:"at"`
}

type jsonComparison struct {
	API     string       `json:"api,omitempty"`
	Old     string       `json:"old,omitempty"`
	New     string       `json:"new,omitempty"`
	Note    string       `json:"note,omitempty"`
	Changes []jsonChange `json:"changes"`
	Unused  []jsonWaiver `json:"unused_waivers,omitempty"`
}

func at(p openapi.Position) jsonPlace { return jsonPlace{p.File, p.Line, p.Column} }

// printJSON writes one object.
func printJSON(out io.Writer, list []Comparison) error {
	result := struct {
		Breaks      int              `json:"breaks"` // that neither a waiver nor a change file covers
		Comparisons []jsonComparison `json:"comparisons"`
	}{breaks(list), []jsonComparison{}}
	for _, c := range list {
		j := jsonComparison{API: c.API, Note: c.Note, Changes: []jsonChange{}}
		if c.Report != nil {
			j.Old, j.New = c.Old, c.New
			for _, change := range c.Changes {
				j.Changes = append(j.Changes, jsonChange{change.Severity, change.Rule, change.Message, change.Operations, at(change.Old), at(change.New), change.Advice, change.Overlay, change.Covered, change.Waived})
			}
			for _, w := range c.Unused {
				j.Unused = append(j.Unused, jsonWaiver{w.Rule, w.Reason, at(w.At)})
			}
		}
		result.Comparisons = append(result.Comparisons, j)
	}
	return encode(out, result)
}

func encode(out io.Writer, v any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// printGitHub writes workflow commands, which GitHub shows at the lines of a pull
// request. Compatible changes are left out: it shows ten of a kind.
func printGitHub(out io.Writer, list []Comparison) error {
	var b strings.Builder
	for _, c := range list {
		if c.Report == nil {
			continue
		}
		for i := range c.Changes {
			change := &c.Changes[i]
			command := githubCommand(change)
			if command == "" {
				continue
			}
			text := change.Where() + change.Message + "\nwas " + place(change.Old) + "\n"
			switch {
			case change.Covered != "":
				text += "covered by " + change.Covered
			case change.Waived != "":
				text += "waived: " + change.Waived
			default:
				text += change.Advice
			}
			fmt.Fprintf(&b, "::%s file=%s,line=%d,col=%d,title=%s::%s\n", command, githubProperty(change.New.File),
				max(change.New.Line, 1), max(change.New.Column, 1), githubProperty(string(change.Severity)+": "+change.Rule), githubData(text))
		}
		for _, w := range c.Unused {
			fmt.Fprintf(&b, "::warning file=%s,line=%d,title=%s::%s\n", githubProperty(w.At.File), max(w.At.Line, 1), "waiver",
				githubData("the waiver of "+w.Rule+" covers nothing here"))
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func githubCommand(c *compat.Change) string {
	switch {
	case c.Severity == compat.Breaking && c.Waived == "" && c.Covered == "":
		return "error"
	case c.Severity == compat.Breaking:
		return "notice"
	case c.Severity == compat.Warning:
		return "warning"
	}
	return ""
}

// githubData and githubProperty escape as @actions/core does.
var (
	githubData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace
	githubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace
)
