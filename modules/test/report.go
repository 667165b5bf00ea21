package test

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// printer writes results.
type printer func(io.Writer, []Result) error

var formats = map[string]printer{"text": printText, "json": printJSON}

// printText writes a block for each pair of versions.
func printText(out io.Writer, results []Result) error {
	var b strings.Builder
	for i, r := range results {
		if i > 0 {
			b.WriteByte('\n')
		}
		if r.Older == r.Newer {
			fmt.Fprintf(&b, "%s: one version, so there are no old clients\n", r.API)
			continue
		}
		fmt.Fprintf(&b, "%s %s → %s\n", r.API, r.Older, r.Newer)
		fmt.Fprintf(&b, "  %d breaking: %d covered, %d waived, %d uncovered\n", r.Breaking, r.Covered, r.Waived, r.Uncovered)
		fmt.Fprintf(&b, "  %d change files; %d documents of %d kinds carried, %d do not get through\n", r.Changes, r.Documents, r.Bodies, len(r.Counterexamples))
		for j := range r.Open {
			c := &r.Open[j]
			fmt.Fprintf(&b, "\n  uncovered %s%s\n    at %s:%d\n    do %s\n", c.Where(), c.Message, c.New.File, c.New.Line, c.Advice)
		}
		for j := range r.Counterexamples {
			e := &r.Counterexamples[j]
			fmt.Fprintf(&b, "\n  counterexample %s, %s: %s\n", e.Operation, e.Where, e.Problem)
			if e.Change != nil {
				fmt.Fprintf(&b, "    change %s\n", e.Change.File)
			}
			fmt.Fprintf(&b, "    from %s\n", e.From)
			if e.To != "" {
				fmt.Fprintf(&b, "      to %s\n", e.To)
			}
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

type jsonOpen struct {
	Rule       string   `json:"rule"`
	Message    string   `json:"message"`
	Operations []string `json:"operations"`
	File       string   `json:"file"`
	Line       int      `json:"line"`
	Advice     string   `json:"advice"`
}

type jsonCounterexample struct {
	Operation string `json:"operation"`
	Where     string `json:"where"`
	Problem   string `json:"problem"`
	Change    string `json:"change,omitempty"`
	From      string `json:"from"`
	To        string `json:"to,omitempty"`
}

type jsonResult struct {
	API             string               `json:"api"`
	Older           string               `json:"older"`
	Newer           string               `json:"newer"`
	Breaking        int                  `json:"breaking"`
	Covered         int                  `json:"covered"`
	Waived          int                  `json:"waived"`
	Uncovered       int                  `json:"uncovered"`
	Changes         int                  `json:"changes"`
	Bodies          int                  `json:"bodies"`
	Documents       int                  `json:"documents"`
	Open            []jsonOpen           `json:"open"`
	Counterexamples []jsonCounterexample `json:"counterexamples"`
}

// printJSON writes one object.
func printJSON(out io.Writer, results []Result) error {
	list := []jsonResult{}
	for _, r := range results {
		j := jsonResult{
			r.API, r.Older, r.Newer, r.Breaking, r.Covered, r.Waived, r.Uncovered, r.Changes, r.Bodies, r.Documents,
			[]jsonOpen{}, []jsonCounterexample{},
		}
		for i := range r.Open {
			c := &r.Open[i]
			j.Open = append(j.Open, jsonOpen{c.Rule, c.Message, c.Operations, c.New.File, c.New.Line, c.Advice})
		}
		for _, e := range r.Counterexamples {
			file := ""
			if e.Change != nil {
				file = e.Change.File
			}
			j.Counterexamples = append(j.Counterexamples, jsonCounterexample{e.Operation, e.Where, e.Problem, file, e.From, e.To})
		}
		list = append(list, j)
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Failed  bool         `json:"failed"`
		Results []jsonResult `json:"results"`
	}{failed(results), list})
}
