package auth

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"gateway/internal/exchange"
	"gateway/internal/finding"
)

// handlerOptions are the options that do not belong to one issuer.
var handlerOptions = map[string]func(*Handler, *caddyfile.Dispenser) error{
	"token_from":    (*Handler).parseTokenFrom,
	"scopes":        (*Handler).parseScopes,
	"require":       (*Handler).parseRequire,
	"expression":    (*Handler).parseExpression,
	"deny_list":     (*Handler).parseDenyList,
	"api_key":       (*Handler).parseAPIKey,
	"dpop":          (*Handler).parseDPoP,
	"mtls":          (*Handler).parseMTLS,
	"header":        (*Handler).parseHeader,
	"forward_token": (*Handler).parseForwardToken,
	"optional":      func(h *Handler, d *caddyfile.Dispenser) error { return flag(d, &h.Optional) },
	"preflight":     func(h *Handler, d *caddyfile.Dispenser) error { return flag(d, &h.Preflight) },
	"resource": func(h *Handler, d *caddyfile.Dispenser) (err error) {
		h.Resource, err = argument(d, "resource <url>")
		return err
	},
	"close_at_expiry": func(h *Handler, d *caddyfile.Dispenser) error { return flag(d, &h.CloseAtExpiry) },
	"mode":            (*Handler).parseMode,
}

func (h *Handler) parseScopes(d *caddyfile.Dispenser) error {
	const usage = "scopes [all|any] <scope...>"
	list, err := arguments(d, usage)
	if err != nil {
		return err
	}
	if list[0] == "all" || list[0] == "any" {
		h.AnyScope = list[0] == "any"
		if list = list[1:]; len(list) == 0 {
			return finding.At(d, "write "+usage, "scopes names no scope")
		}
	}
	h.Scopes = list
	return nil
}

func (h *Handler) parseHeader(d *caddyfile.Dispenser) error {
	const usage = "header <field> <claim>, such as header X-User-Id sub"
	list, err := arguments(d, usage)
	if err != nil {
		return err
	}
	if len(list) != 2 {
		return finding.At(d, "write "+usage, "header takes a field and a claim")
	}
	h.Headers = append(h.Headers, IdentityHeader{Field: list[0], Claim: list[1]})
	return nil
}

func (h *Handler) parseForwardToken(d *caddyfile.Dispenser) error {
	value, err := argument(d, "forward_token on or forward_token off")
	if err != nil {
		return err
	}
	if value != "on" && value != "off" {
		return finding.At(d, "write on or off", "forward_token is on or off, not %q", value)
	}
	on := value == "on"
	h.ForwardToken = &on
	return nil
}

func (h *Handler) parseMode(d *caddyfile.Dispenser) error {
	value, err := argument(d, "mode enforce, mode report or mode off")
	if err != nil {
		return err
	}
	if h.Mode, err = exchange.ParseMode(value); err != nil {
		return finding.At(d, finding.Suggest(value, "enforce", "report", "off"), "%q is not a mode", value)
	}
	return nil
}
