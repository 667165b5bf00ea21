package auth

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"gateway/internal/finding"
)

// parseDenyList reads the file with revoked tokens, and what is done where the list
// that gateways share is not known.
func (h *Handler) parseDenyList(d *caddyfile.Dispenser) error {
	const usage = "deny_list <file>, or deny_list { on_error open|closed }"
	files := d.RemainingArgs()
	if len(files) > 1 {
		return finding.At(d, "write "+usage, "%q is too much here", d.Val())
	}
	if len(files) == 1 {
		if files[0] == "" {
			return finding.At(d, "write "+usage, "deny_list names no file")
		}
		h.DenyList = relative(d, files[0])
	}
	var seen places
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if d.Val() != "on_error" {
			return finding.At(d, finding.Suggest(d.Val(), "on_error"), "%q is not an option of deny_list", d.Val())
		}
		if !seen.add(d) {
			return again(d)
		}
		value, err := argument(d, "on_error open or on_error closed")
		if err != nil {
			return err
		}
		if value != onErrorOpen && value != onErrorClosed {
			return finding.At(d, finding.Suggest(value, onErrorOpen, onErrorClosed), "on_error is open or closed, not %q", value)
		}
		h.DenyListOnError = value
	}
	if h.DenyList == "" && h.DenyListOnError == "" {
		return finding.At(d, "write "+usage, "deny_list needs a file, or a block")
	}
	return nil
}
