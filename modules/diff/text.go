package diff

import (
	"fmt"
	"io"
	"strings"

	"gateway/internal/compat"
	"gateway/internal/openapi"
)

// place writes a position as "file:line:column", as far as it is known.
func place(p openapi.Position) string {
	text := p.File
	if p.Line > 0 {
		text += fmt.Sprintf(":%d", p.Line)
		if p.Column > 0 {
			text += fmt.Sprintf(":%d", p.Column)
		}
	}
	return text
}

// printText writes the report for people. Compatible changes are one line each.
func printText(out io.Writer, list []Comparison) error {
	var b strings.Builder
	counts := map[compat.Severity]int{}
	waived, covered := 0, 0
	for i, c := range list {
		if i > 0 {
			b.WriteByte('\n')
		}
		if c.Note != "" {
			fmt.Fprintf(&b, "%s\n", strings.TrimPrefix(c.API+": "+c.Note, ": "))
			continue
		}
		fmt.Fprintf(&b, "%s → %s\n", c.Old, c.New)
		if len(c.Changes) == 0 {
			b.WriteString("\n  nothing that clients could notice\n")
		}
		for j := range c.Changes {
			change := &c.Changes[j]
			counts[change.Severity]++
			switch {
			case change.Severity == compat.Breaking && change.Covered != "":
				covered++
			case change.Waived != "":
				waived++
			}
			writeChange(&b, change)
		}
		for _, w := range c.Unused {
			fmt.Fprintf(&b, "\n%s: the waiver of %s covers nothing here\n", place(w.At), w.Rule)
		}
	}
	fmt.Fprintf(&b, "\n%d breaking, %d warning, %d compatible", counts[compat.Breaking], counts[compat.Warning], counts[compat.Compatible])
	if covered > 0 {
		fmt.Fprintf(&b, "; %d breaking covered", covered)
	}
	if waived > 0 {
		fmt.Fprintf(&b, "; %d breaking waived", waived)
	}
	b.WriteString(".\n")
	_, err := io.WriteString(out, b.String())
	return err
}

func writeChange(b *strings.Builder, c *compat.Change) {
	fmt.Fprintf(b, "\n%-11s %s%s\n", c.Severity, c.Where(), c.Message)
	row := func(label, text string) {
		if text != "" {
			fmt.Fprintf(b, "%11s %s\n", label, text)
		}
	}
	row("was", place(c.Old))
	row("now", place(c.New))
	row("rule", c.Rule)
	row("why", c.Overlay)
	switch {
	case c.Covered != "":
		row("covered", "by "+c.Covered)
	case c.Waived == "" && c.Severity == compat.Breaking && c.Carried:
		row("not", "covered")
		row("do", c.Advice)
	case c.Waived == "":
		row("do", c.Advice)
	}
	row("waived", c.Waived)
}
