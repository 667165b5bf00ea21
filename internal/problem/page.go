package problem

import (
	"fmt"
	"net/http"
	"strings"
)

// Page returns the page about a reason as Markdown. It is what docs/errors/ holds
// and what the gateway serves under the problem's type URL.
func Page(reason *Reason) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s.\n\n", reason.Code, reason.Title)
	fmt.Fprintf(&b, "| code | status |\n|---|---|\n| `%s` | %d %s |\n\n", reason.Code, reason.Status, http.StatusText(reason.Status))
	fmt.Fprintf(&b, "## What happened\n\n%s\n\n", reason.About)
	fmt.Fprintf(&b, "## What to do\n\n%s\n\n", reason.Hint)
	if reason.Public != nil {
		fmt.Fprintf(&b, "The client is told [%[1]s](%[1]s.md) instead; this reason appears in the log, in metrics and on spans.\n\n", reason.Public.Code)
	}
	face := reason.Face()
	fmt.Fprintf(&b, "## On the wire\n\n```json\n%s```\n", Append(nil, New(face), "019ab3c0-5c1e-7d3a-9f00-5b7d6f3f2a10"))
	return b.String()
}

// Index returns the page that lists all reasons.
func Index() string {
	var b strings.Builder
	b.WriteString("# Reasons\n\nEvery refusal of the gateway has one of these codes. It is the `code` of the response body, the\n`reason` of the log line and the label of `gateway_rejections_total`.\n\n| code | status | title |\n|---|---|---|\n")
	for _, reason := range catalogue {
		fmt.Fprintf(&b, "| [%[1]s](%[1]s.md) | %d | %s |\n", reason.Code, reason.Status, reason.Title)
	}
	return b.String()
}
