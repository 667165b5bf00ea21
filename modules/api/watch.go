package api

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// lookEvery is how often contracts are looked at. A change is read at one look and
// served at the next one, if it is still there: a file that is half written is not.
// Looking works on every file system, with editors that replace files, and with the
// symbolic links that orchestrators swap.
const lookEvery = 250 * time.Millisecond

// watcher serves the changes of the contracts of one API.
type watcher struct {
	site *Handler
	i    int // of the API in the site
	api  *API
	// settled is the reading that was judged last, and pending one that waits to be
	// confirmed.
	settled, pending *intake
}

// run looks until the config is on its way out.
func (w *watcher) run(ctx context.Context) {
	w.settled.confirm(w.site.now.Load().offers[w.i])
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			w.look(ctx)
		}
	}
}

func (w *watcher) look(ctx context.Context) {
	found, trouble := w.api.origin.list()
	if w.pending != nil && w.pending.holds(found, trouble) {
		if ctx.Err() == nil {
			w.settle()
		}
		return
	}
	w.pending = nil
	if !w.settled.holds(found, trouble) {
		w.pending = w.api.take(found, trouble, w.settled)
	}
}

// settle judges the pending reading: what can be used is served from now on, and
// what cannot be used is told.
func (w *watcher) settle() {
	taken := w.pending
	w.settled, w.pending = taken, nil
	before := w.site.now.Load().offers[w.i]
	next, troubles := before.next(taken)
	if next != before {
		if err := w.site.change(w.i, next); err != nil {
			for _, v := range next.versions {
				if before.version(v.name) != v {
					troubles[v.name] = err
				}
			}
			// What is in the way may leave: with another API's contract.
			next, w.pending = before, taken
		}
	}
	taken.confirm(next)
	w.tell(before, next, troubles)
}

// confirm tells the origin which contracts are served.
func (t *intake) confirm(o *offer) {
	for _, r := range t.readings {
		if r.served != nil && r.version != nil && o.version(r.Version) == r.version {
			r.served()
		}
	}
}

// tell writes into log and metrics what became of the contracts.
func (w *watcher) tell(before, next *offer, troubles map[string]error) {
	fresh := w.api.health.settle(next, before, troubles, time.Now())
	for _, v := range next.versions {
		if before.version(v.name) != v {
			w.api.logger.Info("contract changed", zap.String("api", w.api.Name), zap.String("version", v.name),
				zap.String("file", v.contract.File), zap.Int("operations", len(v.contract.Operations)))
		}
	}
	w.api.app.announce()
	told := make(map[string]bool) // a folder that cannot be read is the same for all versions
	for _, name := range fresh {
		if err := troubles[name]; !told[err.Error()] {
			told[err.Error()] = true
			w.api.logger.Error("the contract cannot be used; the one before is served on, if there is one",
				zap.String("api", w.api.Name), zap.String("version", name), zap.Error(err))
		}
	}
}
