package auth

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"gateway/internal/finding"
)

// TokenSource is a place of the request that a token may come in.
type TokenSource struct {
	// In is header, cookie, query or websocket. Required.
	In string `json:"in"`
	// Name is that of the field, cookie or parameter; for websocket it is the prefix of
	// the subprotocol that holds the token. Default: Authorization in a header,
	// "bearer." for websocket; else required.
	Name string `json:"name,omitempty"`
	// Scheme stands before the token in a header. Default: Bearer in Authorization,
	// none in other fields.
	Scheme string `json:"scheme,omitempty"`
}

// placeWords are the words for the places of a token.
var placeWords = []string{"header", "cookie", "query", "websocket"}

// compile checks a source.
func (s *TokenSource) compile() (p tokenPlace, err error) {
	kind := slices.Index(placeWords, s.In)
	if kind < 0 {
		return p, complain("token_from", finding.Suggest(s.In, placeWords...), "%q is not a place that a token comes in", s.In)
	}
	p = tokenPlace{kind: placeKind(kind), name: s.Name, scheme: s.Scheme}
	switch {
	case p.kind == inHeader:
		return p, p.completeHeader()
	case p.scheme != "":
		return p, complain("token_from", "leave it out", "a token in a %s has no scheme", s.In)
	case p.kind == inSubprotocol && p.name == "":
		p.name = "bearer."
	}
	if !isWord(p.name) {
		return p, complain("token_from", "such as token_from cookie access_token", "%q cannot be the name of a %s", p.name, s.In)
	}
	return p, nil
}

func (p *tokenPlace) completeHeader() error {
	if p.name == "" {
		p.name = "Authorization"
	}
	p.name = http.CanonicalHeaderKey(p.name)
	if p.name == "Authorization" && p.scheme == "" {
		p.scheme = "Bearer"
	}
	if p.name != "Authorization" {
		if err := checkField(p.name); err != nil {
			return complain("token_from", "such as token_from header X-Access-Token", "the field %s cannot hold a token: it means something else", p.name)
		}
	}
	if p.scheme != "" && !isWord(p.scheme) {
		return complain("token_from", "such as token_from header Authorization Token", "%q is not a scheme", p.scheme)
	}
	return nil
}

// isWord tells whether text is a token of RFC 9110 §5.6.2 without what has a meaning
// in a query.
func isWord(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune("\"(),/:;<=>?@[\\]{}%+&", r)
	})
}

// tokenPlaces compiles the sources. Without any it is the Authorization field.
func (h *Handler) tokenPlaces() ([]tokenPlace, error) {
	var list []tokenPlace
	for i := range h.TokenFrom {
		p, err := h.TokenFrom[i].compile()
		if err != nil {
			return nil, err
		}
		if slices.Contains(list, p) {
			return nil, complain("token_from", "keep one of them", "a token from %s %s is there twice", h.TokenFrom[i].In, p.name)
		}
		for _, header := range h.Headers {
			if p.kind == inHeader && folds(p.name, header.Field) {
				return nil, complain("token_from", "use another field for one of them", "the field %s cannot both bring the token and tell who is calling", p.name)
			}
		}
		list = append(list, p)
	}
	return list, nil
}

// parseTokenFrom reads a place that a token comes in.
func (h *Handler) parseTokenFrom(d *caddyfile.Dispenser) error {
	const usage = "token_from header [<field> [<scheme>]], cookie <name>, query <name> or websocket [<prefix>]"
	place := *d
	list, err := arguments(d, usage)
	if err != nil {
		return err
	}
	source := TokenSource{In: list[0]}
	if len(list) > 1 {
		source.Name = list[1]
	}
	if len(list) > 2 {
		source.Scheme = list[2]
	}
	if len(list) > 3 {
		return finding.At(d, "write "+usage, "%q is too much here", d.Val())
	}
	if len(list) == 1 && (source.In == "cookie" || source.In == "query") {
		return finding.At(&place, "such as token_from "+source.In+" access_token", "token_from %s needs a name", source.In)
	}
	h.TokenFrom = append(h.TokenFrom, source)
	if _, err := h.tokenPlaces(); err != nil {
		if c, ok := errors.AsType[*complaint](err); ok {
			return finding.At(&place, c.hint, "%s", c.message)
		}
		return err
	}
	return nil
}
