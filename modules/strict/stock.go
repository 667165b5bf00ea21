package strict

import (
	"bytes"
	"errors"
	"regexp"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"gateway/internal/finding"
)

// stock runs Caddy's own adapter and turns what it reports into findings.
type stock struct {
	checks  *checker
	file    string
	options map[string]any
}

// maxRounds bounds how many wrong names are reported at once.
const maxRounds = 20

// adapt adapts a body. Caddy stops at the first error; where that is a misspelt
// name, the rest is tried with the name corrected, to report its errors too.
func (s *stock) adapt(body []byte) ([]byte, []caddyconfig.Warning, finding.List) {
	if found := s.imported(body); len(found) > 0 {
		return nil, nil, found
	}
	var found finding.List
	text := string(body)
	for range maxRounds {
		config, warnings, err := caddyconfig.GetAdapter(stockName).Adapt([]byte(text), s.options)
		if err == nil {
			plain, ambiguous := s.sort(warnings)
			if found = append(found, ambiguous...); len(found) > 0 {
				return nil, plain, found
			}
			return restartTraces(config), plain, nil
		}
		next := s.translate(err)
		found = append(found, next...)
		corrected, ok := correct(text, s.file, next)
		if !ok {
			break
		}
		text = corrected
	}
	return nil, nil, found
}

// restartTraces puts the handler that judges the trace context of the client before
// each tracing, which takes what it should refuse. Caddy writes the name of a handler
// first when "handler" sorts first, as it does here, and quotes within texts are escaped.
func restartTraces(config []byte) []byte {
	const tracing = `{"handler":"tracing"`
	return bytes.ReplaceAll(config, []byte(tracing), []byte(`{"handler":"trace_context"},`+tracing))
}

// imported looks at the files that only Caddy's parser could name, because their
// names are arguments of snippets.
func (s *stock) imported(body []byte) finding.List {
	blocks, err := caddyfile.Parse(s.file, body)
	if err != nil {
		return nil // adapt reports it
	}
	before := len(s.checks.found)
	for _, block := range blocks {
		for _, segment := range block.Segments {
			for _, t := range segment {
				if t.File != s.file {
					s.checks.load(t.File)
				}
			}
		}
	}
	return s.checks.found[before:]
}

// sort separates warnings. That a file is not formatted stays one; all others mean
// that Caddy made something of the file that it does not say.
func (s *stock) sort(warnings []caddyconfig.Warning) (plain []caddyconfig.Warning, ambiguous finding.List) {
	for _, w := range warnings {
		if strings.Contains(w.Message, "not formatted") {
			w.Message = strings.ReplaceAll(w.Message, "'caddy fmt", "'gateway fmt")
			plain = append(plain, w)
			continue
		}
		e := &finding.Error{Message: w.Message, At: finding.Position{File: w.File, Line: w.Line}, Word: w.Directive}
		if e.At.File == "" {
			e.At.File = s.file
		}
		ambiguous = append(ambiguous, s.framed(e))
	}
	return plain, ambiguous
}

// framed takes the lines around a finding from the text that was checked.
func (s *stock) framed(e *finding.Error) *finding.Error {
	if source := s.checks.sources[e.At.File]; source != nil {
		return e.In([]byte(source.raw))
	}
	return e
}

// Forms in which Caddy's parsers say where an error is.
var (
	contextPattern = regexp.MustCompile(`^(?:parsing caddyfile tokens for '[^']*': )+`)
	headPattern    = regexp.MustCompile(`^(.+?):([1-9]\d*): `)
	tailPattern    = regexp.MustCompile(`, at ([^,\n]+):([1-9]\d*)(?: import chain:? \[[^\n]*\])?$`)
	lexerPattern   = regexp.MustCompile(` on line #([1-9]\d*)`)
)

// translate turns an error of Caddy's adapter into findings.
func (s *stock) translate(err error) finding.List {
	if list, ok := errors.AsType[finding.List](err); ok {
		return list
	}
	if list := finding.Extract(err.Error()); len(list) > 0 {
		for _, e := range list {
			s.framed(e)
		}
		return list
	}
	context := contextPattern.FindString(err.Error())
	e := s.place(strings.TrimPrefix(err.Error(), context))
	s.underline(e)
	explain(e, context)
	e.Message, _, _ = strings.Cut(e.Message, "\n")
	return finding.List{s.framed(e)}
}

// place separates the place from the text of an error.
func (s *stock) place(text string) *finding.Error {
	e := &finding.Error{Message: text, At: finding.Position{File: s.file}}
	switch {
	case tailPattern.MatchString(text):
		// Errors of nested parsers carry several places, the innermost first.
		for tailPattern.MatchString(e.Message) {
			match := tailPattern.FindStringSubmatch(e.Message)
			e.At = finding.ParseSource(match[1] + ":" + match[2])
			e.Message = strings.TrimSuffix(e.Message, match[0])
		}
	case headPattern.MatchString(text):
		match := headPattern.FindStringSubmatch(text)
		e.At = finding.ParseSource(match[1] + ":" + match[2])
		e.Message = strings.TrimPrefix(text, match[0])
	case text == "EOF":
		e.Message, e.Hint = "the file is empty", "the shortest one is an address and a directive: :8080, and below it respond hello"
	case lexerPattern.MatchString(text):
		match := lexerPattern.FindStringSubmatch(text)
		e.At = finding.ParseSource(s.file + ":" + match[1])
		e.Message = strings.Replace(text, match[0], "", 1)
	}
	return e
}

// underline finds the word that a message is about: of the tokens on the line, or of
// all tokens if no line is known, the last that the message quotes or ends in.
func (s *stock) underline(e *finding.Error) {
	source := s.checks.sources[e.At.File]
	if source == nil {
		return
	}
	line := e.At.Line
	tokens, _ := scan(source.text)
	for _, t := range tokens {
		if line > 0 && t.line > line {
			break
		}
		if t.text == "" {
			continue
		}
		if line > 0 && t.line == line && e.Word == "" {
			e.Word = t.text
		}
		// Of an unknown directive in a block, Caddy reports the end of the block.
		if mentions(e.Message, t.text) && (line == 0 || t.line == line || t.first && unknownDirective.MatchString(e.Message)) {
			e.At, e.Word = source.position(t.at), t.text
		}
	}
}

func mentions(message, word string) bool {
	return strings.Contains(message, "'"+word+"'") ||
		strings.Contains(message, `"`+word+`"`) ||
		strings.Contains(message+" ", ": "+word+" ") ||
		strings.HasSuffix(message, "."+word)
}

// correct replaces a misspelt name by the one that was suggested.
func correct(text, file string, found finding.List) (string, bool) {
	if len(found) != 1 || found[0].At.File != file || found[0].At.Column == 0 || !misspelt(found[0]) {
		return "", false
	}
	e := found[0]
	near := finding.Nearest(e.Word, directives())
	if near == "" {
		return "", false
	}
	list := strings.SplitAfter(text, "\n")
	if e.At.Line > len(list) {
		return "", false
	}
	i := e.At.Line - 1
	corrected := strings.Replace(list[i], e.Word, near, 1)
	if corrected == list[i] {
		return "", false
	}
	list[i] = corrected
	return strings.Join(list, ""), true
}
