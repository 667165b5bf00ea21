package auth

// UnmarshalCaddyfile sets up the handler from Caddyfile tokens. Syntax:
//
//	auth [<issuer>] {
//		audience <audience...>
//	}
func (h *Handler) UnmarshalCaddyfile() {}

// UnmarshalCaddyfile sets up the policy from Caddyfile tokens.
func (p *Policy) UnmarshalCaddyfile() {}

// UnmarshalCaddyfile sets up the key from Caddyfile tokens. Syntax:
//
//	key <file>
func (k *Key) UnmarshalCaddyfile() {}
