package api

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"gateway/internal/finding"
)

// named adds the matchers that every block has by convention, where it uses them and
// defines no other ones by their names:
//
//	@canary     the requests of the canary
//	@v1         the requests of the version v1, for each version of the contract
//
// So one line sends a version, or the canary, to a service of its own.
func (p *blockParser) named() error {
	used, defined := p.matchersOf()
	for _, token := range used {
		name := token.Text[1:]
		if defined[token.Text] || p.siteDefines(token) {
			continue
		}
		words := []string{"version", name}
		switch {
		case name == "canary":
			if p.api.Canary == nil {
				d := caddyfile.NewDispenser([]caddyfile.Token{token})
				d.Next()
				return finding.At(d, "add such as: canary 5%", "@canary matches nothing: the block has no canary")
			}
			words = []string{"canary"}
		case !p.isVersion(name):
			continue // Caddy says that it does not know it
		}
		defined[token.Text] = true
		p.define(append([]string{token.Text}, words...))
		if words[0] == "version" && p.proxies(token) {
			if p.api.Apart == nil {
				p.api.Apart = make(map[string]string)
			}
			p.api.Apart[name] = token.File + ":" + strconv.Itoa(token.Line)
		}
	}
	return nil
}

// proxies tells whether the directive with this matcher hands requests to a service.
func (p *blockParser) proxies(matcher caddyfile.Token) bool {
	for _, segment := range p.others {
		if len(segment) > 1 && segment[1].Line == matcher.Line && segment[1].Text == matcher.Text {
			return slices.ContainsFunc(segment, func(t caddyfile.Token) bool { return t.Text == "reverse_proxy" })
		}
	}
	return false
}

// define adds a line behind the last one: what comes before it in the text would be read
// as a part of it.
func (p *blockParser) define(words []string) {
	last := p.others[len(p.others)-1]
	end := last[len(last)-1]
	var segment caddyfile.Segment
	for _, word := range words {
		segment = append(segment, caddyfile.Token{File: end.File, Line: end.Line + 1, Text: word})
	}
	p.others = append(p.others, segment)
}

// matchersOf returns the tokens that name a matcher behind a directive of the block, and
// the names of the matchers that are defined in it.
func (p *blockParser) matchersOf() (used []caddyfile.Token, defined map[string]bool) {
	defined = make(map[string]bool)
	for _, segment := range p.others {
		place := 0 // on the line
		for i, token := range segment {
			if i > 0 && token.Line == segment[i-1].Line {
				place++
			} else {
				place = 0
			}
			switch {
			case !strings.HasPrefix(token.Text, "@") || len(token.Text) == 1:
			case place == 0:
				defined[token.Text] = true
			case place == 1:
				used = append(used, token)
			}
		}
	}
	return used, defined
}

// siteDefines tells whether the site has a matcher of that name.
func (p *blockParser) siteDefines(token caddyfile.Token) bool {
	d := caddyfile.NewDispenser([]caddyfile.Token{p.head, {File: token.File, Line: p.head.Line, Text: token.Text}})
	d.Next()
	_, _, err := p.helper.WithDispenser(d).MatcherToken()
	return err == nil
}

// isVersion tells whether the contract has a version of that name: a folder.
func (p *blockParser) isVersion(name string) bool {
	if strings.ContainsAny(name, `/\`) || isAddress(p.api.Contract) {
		return false
	}
	info, err := os.Stat(filepath.Join(p.api.Contract, name))
	return err == nil && info.IsDir()
}
