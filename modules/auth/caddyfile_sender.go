package auth

import (
	"net/http"
	"net/url"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/finding"
)

// DPoP says how senders prove that they have the key that a token is bound to.
type DPoP struct {
	// Required refuses tokens that are not bound to a key. Default: false.
	Required bool `json:"required,omitempty"`
	// Window is how far the "iat" of a proof may lie from now. Range: 5s–5m. Default: 60s.
	Window caddy.Duration `json:"window,omitempty"`
	// Nonce demands a nonce of this gateway in each proof. Default: false.
	Nonce bool `json:"nonce,omitempty"`
	// Origin is the scheme and host that clients call, where a proxy before the gateway
	// changes them. Default: those of the request.
	Origin string `json:"origin,omitempty"`
}

// MTLS accepts tokens that are bound to the client certificate of the connection.
type MTLS struct {
	// Required refuses tokens that are not bound to a certificate. Default: false.
	Required bool `json:"required,omitempty"`
}

const defaultProofWindow = 60 * time.Second

func (d *DPoP) check() error {
	if d == nil {
		return nil
	}
	if w := time.Duration(d.Window); w != 0 && (w < 5*time.Second || w > 5*time.Minute) {
		return complain("dpop", "60s is usual", "dpop window %s is outside 5s–5m", brief(w))
	}
	if d.Origin == "" {
		return nil
	}
	u, err := url.Parse(d.Origin)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return complain("dpop", "such as https://api.example", "%q is not the scheme and host that clients call", d.Origin)
	}
	return nil
}

// sendersOf compiles what is configured about senders.
func (h *Handler) sendersOf() (s senders, err error) {
	if h.MTLS != nil {
		s.certificates, s.certificateRequired = true, h.MTLS.Required
	}
	if h.DPoP == nil {
		return s, nil
	}
	window := time.Duration(h.DPoP.Window)
	if window == 0 {
		window = defaultProofWindow
	}
	// The proofs that were used outlive a reload, as long as the window is the same.
	id := sourceKeyOf("proofs", window)
	value, _, err := sources.LoadOrNew(id, func() (caddy.Destructor, error) { return pooledReplays{newReplays(window)}, nil })
	if err != nil {
		return s, err
	}
	h.pooled = append(h.pooled, id)
	s.proofRequired = h.DPoP.Required
	s.dpop = &dpop{window: window.Microseconds(), seen: value.(pooledReplays).replays, target: originalTarget}
	if h.DPoP.Nonce {
		s.dpop.nonces = processNonces
	}
	if u, err := url.Parse(h.DPoP.Origin); err == nil && h.DPoP.Origin != "" {
		s.dpop.origin = originOf(u.Scheme, u.Host)
	}
	return s, nil
}

// pooledReplays lives as long as a handler uses it.
type pooledReplays struct{ *replays }

// Destruct implements caddy.Destructor.
func (pooledReplays) Destruct() error { return nil }

// originalTarget returns method and target as they were before Caddy rewrote them.
func originalTarget(r *http.Request) (method, target string) {
	if original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok {
		return original.Method, original.RequestURI
	}
	return r.Method, r.RequestURI
}

// parseDPoP reads how senders prove that a token is theirs.
func (h *Handler) parseDPoP(d *caddyfile.Dispenser) (err error) {
	h.DPoP = new(DPoP)
	if h.DPoP.Required, err = required(d); err != nil {
		return err
	}
	var seen places
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if !seen.add(d) {
			return again(d)
		}
		switch name := d.Val(); name {
		case "window":
			err = duration(d, &h.DPoP.Window)
		case "nonce":
			err = flag(d, &h.DPoP.Nonce)
		case "origin":
			h.DPoP.Origin, err = argument(d, "origin <url>, such as origin https://api.example")
		default:
			err = finding.At(d, finding.Suggest(name, "window", "nonce", "origin"), "%q is not an option of dpop", name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// parseMTLS reads that tokens may be bound to certificates.
func (h *Handler) parseMTLS(d *caddyfile.Dispenser) (err error) {
	h.MTLS = new(MTLS)
	h.MTLS.Required, err = required(d)
	return err
}

// required reads the word required, if it is there.
func required(d *caddyfile.Dispenser) (bool, error) {
	name := d.Val()
	if !d.NextArg() {
		return false, nil
	}
	if d.Val() != "required" {
		return false, finding.At(d, finding.Suggest(d.Val(), "required"), "%s takes the word required, not %q", name, d.Val())
	}
	if d.NextArg() {
		return false, finding.At(d, "write "+name+" required", "%q is too much here", d.Val())
	}
	return true, nil
}
