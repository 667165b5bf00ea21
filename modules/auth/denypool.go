package auth

import (
	"context"
	"fmt"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"gateway/internal/exchange"
	"gateway/internal/redis"
)

// sharedStoreOf returns the store of the configuration, or nil if there is none.
func sharedStoreOf(ctx caddy.Context) (*redis.Store, error) {
	app, err := ctx.App("gateway")
	if err != nil {
		return nil, fmt.Errorf("getting the gateway app: %w", err)
	}
	provider, ok := app.(redis.Provider)
	if !ok {
		return nil, fmt.Errorf("the app gateway is a %T, which has no shared store", app)
	}
	return provider.SharedStore(), nil
}

// pooledDeny keeps in step until nobody uses it any more.
type pooledDeny struct {
	*sharedDeny
	kept   *keptDenials
	cancel context.CancelFunc
}

// Destruct implements caddy.Destructor. Requests may still look at the list.
func (p *pooledDeny) Destruct() error {
	p.cancel()
	p.kept.finished()
	return nil
}

// sharedDenyKey identifies the list of a store: a reload that changes something else
// keeps both.
type sharedDenyKey struct{ store *redis.Store }

// provisionDenials makes the deny lists that the handler looks at, besides that of the
// process.
func (h *Handler) provisionDenials(ctx caddy.Context) (err error) {
	if h.DenyList != "" {
		if h.deny, err = h.denyFileOf(h.DenyList); err != nil {
			return err
		}
	}
	if h.Off || h.Mode == exchange.ModeOff {
		return nil
	}
	return h.shareDenials(ctx)
}

// shareDenials makes the handler look at the list that gateways share, if they share
// anything.
func (h *Handler) shareDenials(ctx caddy.Context) error {
	switch h.DenyListOnError {
	case "", onErrorOpen, onErrorClosed:
	default:
		return complain("deny_list", "write open or closed", "on_error is %q, but has to be open or closed", h.DenyListOnError)
	}
	store, err := sharedStoreOf(ctx)
	if err != nil {
		return err
	}
	if store == nil {
		if h.DenyListOnError != "" {
			return complain("deny_list", "add gateway { redis <url> } to the global options, or remove on_error", "on_error is about the deny list that gateways share over Redis, and there is none")
		}
		return nil
	}
	prefix := store.Key()
	before := listsOf(prefix) // a store that is configured anew begins with what was known
	id := sharedDenyKey{store}
	value, _, err := sources.LoadOrNew(id, func() (caddy.Destructor, error) {
		logger := caddy.Log().Named("http.handlers.auth").With(zap.String("deny_list", "shared"))
		own, cancel := context.WithCancel(context.Background())
		p := &pooledDeny{
			sharedDeny: newSharedDeny(store, logger), cancel: cancel,
			kept: &keptDenials{storage: ctx.Storage(), key: keptDenialsKey(prefix), done: make(chan struct{})},
		}
		for _, list := range before {
			p.adopt(list)
		}
		go p.run(own)
		go p.kept.run(own, p.sharedDeny)
		return p, nil
	})
	if err != nil {
		return err
	}
	h.pooled = append(h.pooled, id)
	h.shared = value.(*pooledDeny).sharedDeny
	return nil
}

// sharedLists are the shared lists of the process. There is one, and around a reload
// with another store two.
func sharedLists() (lists []*sharedDeny) {
	sources.Range(func(_, value any) bool {
		if p, ok := value.(*pooledDeny); ok {
			lists = append(lists, p.sharedDeny)
		}
		return true
	})
	return lists
}

// listsOf are those of a prefix.
func listsOf(prefix string) []*sharedDeny {
	return slices.DeleteFunc(sharedLists(), func(s *sharedDeny) bool { return s.store.Key() != prefix })
}

var _ caddy.Destructor = (*pooledDeny)(nil)
