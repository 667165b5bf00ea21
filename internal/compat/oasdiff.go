package compat

import (
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/checker"
	"github.com/oasdiff/oasdiff/diff"
	"github.com/oasdiff/oasdiff/load"

	"gateway/internal/openapi"
)

// raw is one change as oasdiff reports it. Lines are those of the texts, 0 for none.
type raw struct {
	rule             string
	level            Severity
	method, path     string
	text             string
	oldLine, newLine int
	// doubtful tells that oasdiff lowered the level because the change stands in one
	// branch of an allOf.
	doubtful bool
}

// ruleKind is what a rule is about, in the words of oasdiff.
type ruleKind struct {
	severity                      Severity
	direction, area, kind, effect string
}

// rules are the rules of oasdiff with what they are about.
var rules = func() map[string]ruleKind {
	all := make(map[string]ruleKind)
	for _, r := range checker.GetAllRules() {
		all[r.Id] = ruleKind{
			severity:  severities[r.Level],
			direction: r.Direction.String(), area: r.Area.String(), kind: r.Kind.String(), effect: r.Effect.String(),
		}
	}
	return all
}()

// aRemark makes a document no JSON, so that it is read as YAML, which JSON is: only
// that way kin-openapi keeps the places. It is one line.
const aRemark = "# a contract\n"

// compareTexts lets oasdiff compare two documents. prefixes are what the paths of each
// begin with and what does not count.
func compareTexts(older, newer openapi.Text, oldPrefix, newPrefix string) (found []raw, err error) {
	defer func() {
		// It looks at whatever people write; a slip in it must not stop a gateway.
		if v := recover(); v != nil {
			found, err = nil, fmt.Errorf("oasdiff gave up: %v", v)
		}
	}()
	a, err := parse(older)
	if err != nil {
		return nil, err
	}
	b, err := parse(newer)
	if err != nil {
		return nil, err
	}
	options := diff.NewConfig()
	options.PathStripPrefixBase, options.PathStripPrefixRevision = oldPrefix, newPrefix
	difference, sources, err := diff.GetWithOperationsSourcesMap(options, a, b)
	if err != nil {
		return nil, fmt.Errorf("oasdiff: %w", err)
	}
	speak := checker.NewDefaultLocalizer()
	for _, c := range checker.CheckBackwardCompatibilityUntilLevel(checker.NewConfig(checker.GetAllChecks()), difference, sources, checker.INFO) {
		found = append(found, raw{
			rule: c.GetId(), level: severities[c.GetLevel()], method: c.GetOperation(), path: c.GetPath(),
			text:    strings.TrimSuffix(c.GetUncolorizedText(speak), "."),
			oldLine: lineOf(c.GetBaseSource()), newLine: lineOf(c.GetRevisionSource()),
			doubtful: slices.Contains(c.GetDisclaimers(), checker.DisclaimerAllOfNotFlattened),
		})
	}
	return found, nil
}

var severities = map[checker.Level]Severity{checker.ERR: Breaking, checker.WARN: Warning, checker.INFO: Compatible}

func lineOf(s *checker.Source) int {
	if s == nil || s.Line < 2 {
		return 0
	}
	return s.Line - 1 // without the remark
}

func parse(t openapi.Text) (*load.SpecInfo, error) {
	loader := openapi3.NewLoader()
	loader.IncludeOrigin = true
	doc, err := loader.LoadFromData(append([]byte(aRemark), t.Document...))
	if err != nil {
		// What YAML cannot read, such as some control characters, JSON may: without places.
		if doc, err = openapi3.NewLoader().LoadFromData(t.Document); err != nil {
			return nil, fmt.Errorf("kin-openapi cannot read the contract: %w", err)
		}
	}
	return &load.SpecInfo{Spec: doc}, nil
}
