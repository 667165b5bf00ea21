package telemetry

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestREADMEListsTheMetrics(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for _, m := range Metrics() {
		labels := " "
		if len(m.Labels) > 0 {
			labels = " `" + strings.Join(m.Labels, "` `") + "` "
		}
		fmt.Fprintf(&want, "| `%s` | %s |%s| %s |\n", m.Name, m.Type, labels, m.Help)
	}
	if !strings.Contains(string(text), want.String()) {
		t.Errorf("the table in the README should be:\n%s", want.String())
	}
}
