package main

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"

	"gateway/examples/services/issuer"
)

// call is one line of shell to try the gateway with.
type call struct {
	about string
	// status is what the line ends with, header a field that comes with it.
	status, header string
	line           string
}

// calls returns the lines of the banner. The last one uses up a limit, so it stays last.
func calls(port int, i *issuer.Issuer) ([]call, error) {
	reader, err := i.Token("reader")
	if err != nil {
		return nil, err
	}
	writer, err := i.Token("writer")
	if err != nil {
		return nil, err
	}
	api := localhost(port)
	as := func(token string) string { return " -H 'Authorization: Bearer " + token + "'" }
	return []call{
		{"a page of orders", "200", "RateLimit", "curl -i '" + api + "/v2/orders?limit=2'" + as(reader)},
		{"no token", "401", "WWW-Authenticate", "curl -i " + api + "/v2/orders"},
		{"a token that may read, not write", "403", "WWW-Authenticate", "curl -i -X POST " + api + "/v2/orders/ord_000001/cancel" + as(reader)},
		{"an order with two mistakes", "422", "Content-Type", "curl -i " + api + `/v2/orders -H 'Content-Type: application/json' -d '{"customer":{},"items":[{"sku":"TEA-001","quantity":0}],"currency":"EUR"}'` + as(writer)},
		{"a deprecated version", "200", "Deprecation", "curl -i " + api + "/v1/orders/ord_000001" + as(reader)},
		{"too many requests", "429", "", "curl -s -o /dev/null -w '%{http_code} ' '" + api + "/v2/health#[1-25]'; echo"},
	}, nil
}

func banner(s settings, lines []call) string {
	var b strings.Builder
	fmt.Fprintf(&b, `
  API      http://%s/v2/orders
  Docs     http://%[1]s/docs
  Console  http://%s/
  Metrics  http://%s/metrics
  Log      %s

`, localhost(s.port), localhost(s.consolePort), localhost(s.metricsPort), s.log)
	for _, call := range lines {
		fmt.Fprintf(&b, "  # %s: %s\n  %s\n\n", call.status, call.about, call.line)
	}
	b.WriteString("  Ctrl-C stops everything.\n")
	return b.String()
}

// checkAll runs the lines as a shell would, and tells how each ended.
func checkAll(ctx context.Context, lines []call, out io.Writer) error {
	bad := 0
	for _, call := range lines {
		verdict := "ok  "
		if err := call.check(ctx); err != nil {
			bad++
			verdict = "FAIL"
			call.about += ": " + err.Error()
		}
		fmt.Fprintf(out, "%s  %s  %s\n", verdict, call.status, call.about)
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d lines went wrong", bad, len(lines))
	}
	return nil
}

func (c call) check(ctx context.Context) error {
	output, err := exec.CommandContext(ctx, "sh", "-c", c.line).Output()
	if err != nil {
		return fmt.Errorf("running the line: %w", err)
	}
	head, _, _ := strings.Cut(strings.ReplaceAll(string(output), "\r\n", "\n"), "\n\n")
	if status := lastStatus(head); status != c.status {
		return fmt.Errorf("got %s", status)
	}
	if c.header != "" && !regexp.MustCompile(`(?mi)^`+c.header+`: .`).MatchString(head) {
		return fmt.Errorf("the answer has no %s", c.header)
	}
	return nil
}

func lastStatus(head string) string {
	if strings.HasPrefix(head, "HTTP/") {
		return strings.Fields(head)[1]
	}
	statuses := strings.Fields(head)
	if len(statuses) == 0 {
		return "nothing"
	}
	return statuses[len(statuses)-1]
}
