package auth

import "github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

// parseDenyList reads the file with revoked tokens.
func (h *Handler) parseDenyList(d *caddyfile.Dispenser) error {
	name, err := argument(d, "deny_list <file>")
	if err != nil {
		return err
	}
	h.DenyList = relative(d, name)
	return nil
}
