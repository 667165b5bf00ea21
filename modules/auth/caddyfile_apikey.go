package auth

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"gateway/internal/finding"
)

// parseAPIKey reads where API keys are kept, and the field that carries them. A file
// of the name redis is written ./redis.
func (h *Handler) parseAPIKey(d *caddyfile.Dispenser) error {
	const usage = "api_key <file>|redis [<field>]"
	list, err := arguments(d, usage)
	if err != nil {
		return err
	}
	if len(list) > 2 {
		return finding.At(d, "write "+usage, "%q is too much here", d.Val())
	}
	if list[0] == "redis" {
		h.APIKeys = &APIKeys{Redis: true}
	} else {
		h.APIKeys = &APIKeys{File: relative(d, list[0])}
	}
	if len(list) == 2 {
		h.APIKeys.Field = list[1]
	}
	return nil
}
