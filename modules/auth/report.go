package auth

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"time"

	"gateway/internal/exchange"
	"gateway/internal/finding"
)

// report is what an inspection prints.
type report struct {
	// Accepted is the verdict of the gateway itself.
	Accepted bool   `json:"accepted"`
	Status   int    `json:"status,omitempty"`
	Code     string `json:"code,omitempty"`
	// For is the request, Handler the place of the auth that judges it, and Others how
	// many more the configuration has.
	For     string          `json:"for,omitempty"`
	Handler string          `json:"handler,omitempty"`
	Others  int             `json:"others,omitempty"`
	Mode    exchange.Mode   `json:"mode,omitempty"`
	Header  json.RawMessage `json:"header,omitempty"`
	Claims  json.RawMessage `json:"claims,omitempty"`
	Checks  []check         `json:"checks"`
}

func newReport(found *judgement, target, token string, checks []check) *report {
	r := &report{
		Accepted: found.refusal == nil, For: target, Handler: found.handler.Source, Mode: found.handler.Mode, Checks: checks,
		Header: decodedPart(token, 0), Claims: decodedPart(token, 1),
	}
	if found.refusal != nil {
		r.Code, r.Status = found.refusal.Reason.Code, found.refusal.Reason.Status
		if found.refusal.Status != 0 {
			r.Status = found.refusal.Status
		}
	}
	return r
}

// decodedPart returns a part of a token as JSON, if it is, however bad the rest.
func decodedPart(token string, n int) json.RawMessage {
	parts := strings.Split(token, ".")
	if n >= len(parts) {
		return nil
	}
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[n], "="))
	if err != nil || !json.Valid(data) {
		return nil
	}
	return data
}

// judgeAlone judges a token without a request: by the first auth that accepts it, or
// else by the first that knows its issuer.
func (p *prober) judgeAlone(token string) *judgement {
	var nearest *judgement
	for _, h := range p.knowing(token) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		p.found = nil
		h.Decide(new(exchange.Exchange), nil, r)
		if p.found.refusal == nil {
			return p.found
		}
		if nearest == nil {
			nearest = p.found
		}
	}
	return nearest
}

// knowing lists the handlers that know the issuer of a token, or else all of them, by
// their place.
func (p *prober) knowing(token string) []*Handler {
	all := slices.Clone(p.handlers)
	slices.SortStableFunc(all, func(a, b *Handler) int {
		x, y := finding.ParseSource(a.Source), finding.ParseSource(b.Source)
		return cmp.Or(strings.Compare(x.File, y.File), cmp.Compare(x.Line, y.Line))
	})
	var v *verified
	if t, f := parse(token); f == none {
		v, _ = readClaims(&t)
	}
	var some []*Handler
	for _, h := range all {
		if h.issuers.knows(token, v) {
			some = append(some, h)
		}
	}
	if some == nil {
		return all
	}
	return some
}

// knows tells whether there is an issuer for a token: one that is asked about it, or
// the one that its claims name, if it has any.
func (i *issuers) knows(token string, v *verified) bool {
	if i.introspecting(token) != nil {
		return true
	}
	if v == nil {
		return false
	}
	_, f := i.choose(v)
	return f == none
}

// print writes the report for a person, or as JSON.
func (r *report) print(out io.Writer, format string, colour bool) error {
	if format == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	var b strings.Builder
	printPart(&b, "header", r.Header)
	printPart(&b, "claims", r.Claims)
	b.WriteString(r.heading())
	for _, c := range r.Checks {
		mark, code := "✓", "\x1b[32m"
		switch c.Verdict {
		case failed:
			mark, code = "✗", "\x1b[31m"
		case skipped:
			continue
		}
		fmt.Fprintf(&b, "%s %-10s %s\n", paint(mark, code, colour), c.Name, c.Text)
		if c.Hint != "" {
			fmt.Fprintf(&b, "  %-10s hint: %s\n", "", c.Hint)
		}
	}
	if names, why := r.skipped(); names != nil {
		fmt.Fprintf(&b, "· not judged: %s; %s\n", list(names), why)
	}
	b.WriteString("\n" + r.conclusion() + "\n")
	_, err := io.WriteString(out, b.String())
	return err
}

// skipped lists the checks that were not made, and why the last of them was not.
func (r *report) skipped() (names []string, why string) {
	for _, c := range r.Checks {
		if c.Verdict == skipped {
			names, why = append(names, c.Name), c.Text
		}
	}
	return names, why
}

func (r *report) heading() string {
	text := "Judged by auth at " + r.Handler
	if r.For != "" {
		text += " for " + r.For
	}
	if r.Others > 0 && r.For == "" {
		text += fmt.Sprintf(", one of %d; name a request with --for", r.Others+1)
	}
	return text + ":\n\n"
}

func (r *report) conclusion() string {
	switch {
	case r.Accepted:
		return "Accepted."
	case r.Mode == exchange.ModeReport:
		return fmt.Sprintf("Not accepted: %d %s, but let through in mode report.", r.Status, r.Code)
	}
	return fmt.Sprintf("Not accepted: %d %s.", r.Status, r.Code)
}

// printPart writes a decoded part of the token. JSON has no control characters but
// line breaks once it is indented; others are written as escapes.
func printPart(b *strings.Builder, name string, part json.RawMessage) {
	if part == nil {
		return
	}
	var value any
	decoder := json.NewDecoder(strings.NewReader(string(part)))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil {
		return
	}
	text, err := json.MarshalIndent(value, "", "  ")
	if err == nil {
		fmt.Fprintf(b, "%s %s\n", name, harmless(string(text)))
	}
	if object, ok := value.(map[string]any); ok && name == "claims" {
		for _, claim := range []string{"iat", "nbf", "exp"} {
			if micros, has, ok := timeClaim(object, claim); has && ok {
				fmt.Fprintf(b, "%s is %s\n", claim, time.UnixMicro(micros).UTC().Format(time.RFC3339))
			}
		}
		b.WriteString("\n")
	}
}

// harmless escapes what a terminal may act on.
func harmless(text string) string {
	return strings.Map(func(r rune) rune {
		if r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '\ufffd'
		}
		return r
	}, text)
}

func paint(text, code string, colour bool) string {
	if !colour {
		return text
	}
	return code + text + "\x1b[0m"
}

// coloured tells whether out is a terminal whose user has not asked for no colour
// (https://no-color.org).
func coloured(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// findingsOf returns the findings in an error, with their places, if it has any.
func findingsOf(err error) finding.List {
	if found, ok := errors.AsType[finding.List](err); ok {
		return found
	}
	if found, ok := errors.AsType[*finding.Error](err); ok {
		return finding.List{found}
	}
	return finding.Extract(err.Error())
}
