package strict

import (
	"path/filepath"
	"slices"
	"strings"

	"gateway/internal/finding"
)

// maxFiles bounds the files of one configuration.
const maxFiles = 1000

// checker looks at a Caddyfile and the files that it imports, as text, before Caddy
// parses them.
type checker struct {
	env  lookup
	read func(file string) ([]byte, error)
	// sources are the files that were looked at, by name.
	sources map[string]*source
	// patterns are what imports name, whether there are such files or not.
	patterns []string
	snippets map[string]bool
	found    finding.List
}

func newChecker(env lookup, read func(string) ([]byte, error)) *checker {
	return &checker{env: env, read: read, sources: map[string]*source{}, snippets: map[string]bool{}}
}

// check looks at one file, then at those that it imports.
func (c *checker) check(file, body string) {
	if c.sources[file] != nil || len(c.sources) >= maxFiles {
		return
	}
	s := newSource(file, body, c.env)
	c.sources[file] = s
	tokens, comments := scan(s.text)
	found, sound := checkWords(s, tokens, comments)
	found = append(found, checkVariables(s, comments)...)
	list := lines(s.text, tokens)
	if sound {
		found = append(found, checkBlocks(s, list)...)
	}
	slices.SortStableFunc(found, func(a, b *finding.Error) int { return a.At.Line - b.At.Line })
	c.found = append(c.found, found...)
	for _, l := range list {
		if name := l.tokens[0].text; strings.HasPrefix(name, "(") && strings.HasSuffix(name, ")") {
			c.snippets[strings.Trim(name, "()")] = true
		}
	}
	for _, l := range list {
		if len(l.tokens) > 1 && l.tokens[0].text == "import" {
			c.follow(file, l.tokens[1].text)
		}
	}
}

// follow looks at the files that an import names. What cannot be found or read is
// left to Caddy, which reports it. Arguments of snippets are not known here; the
// files behind them are looked at once Caddy has named them.
func (c *checker) follow(file, pattern string) {
	if pattern == "" || c.snippets[pattern] || strings.Contains(pattern, "{") {
		return
	}
	if !filepath.IsAbs(pattern) {
		dir, err := filepath.Abs(filepath.Dir(file))
		if err != nil {
			return
		}
		pattern = filepath.Join(dir, pattern)
	}
	c.patterns = append(c.patterns, pattern)
	matches, err := filepath.Glob(pattern)
	if err != nil {
		return
	}
	for _, match := range matches {
		c.load(match)
	}
}

// load looks at a file by name.
func (c *checker) load(file string) {
	if c.sources[file] != nil {
		return
	}
	if body, err := c.read(file); err == nil {
		c.check(file, string(body))
	}
}
