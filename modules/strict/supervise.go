package strict

import (
	"context"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"gateway/internal/loads"
)

// supervise lets run load what has changed in our way: with --watch and at SIGUSR1.
// Caddy's own watcher gives up for good at the first error, sees no file that is
// imported, and tells the console nothing.
func supervise(cmd *cobra.Command) {
	flags := cmd.Flags()
	file, adapter := flags.Lookup("config").Value.String(), flags.Lookup("adapter").Value.String()
	if adapter != adapterName || file == "-" {
		return
	}
	watch, _ := flags.GetBool("watch")
	_ = flags.Set("watch", "false")
	go func() {
		first := Read(file)
		awaitFirstLoad()
		caddy.SetLastConfig(file, adapterName, func(file, _ string) error { return Read(file).Load(file) })
		if watch {
			follow(cmd.Context(), file, first)
		}
	}()
}

// awaitFirstLoad waits until a configuration is live.
func awaitFirstLoad() {
	ticker := time.NewTicker(LookEvery)
	defer ticker.Stop()
	for caddy.ActiveContext().Context == nil {
		<-ticker.C
	}
}

// Load loads the configuration of a reading.
func (r *Reading) Load(file string) error {
	book := loads.Process()
	return book.Do(func() error {
		if r.Err != nil {
			return r.Err
		}
		book.Propose(r.Candidate(file))
		return caddy.Load(r.Config, false)
	})
}

// follow loads a file whenever it has changed. An error is logged once, and the
// configuration before stays in use.
func follow(ctx context.Context, file string, last *Reading) {
	logger := func() *zap.Logger { return caddy.Log().Named("watcher").With(zap.String("config_file", file)) }
	logger().Info("watching the config file, and what it imports, for changes")
	w := NewWatch(file, last)
	for next := w.Next(ctx); next != nil; next = w.Next(ctx) {
		if next.Same(last) {
			continue
		}
		last = next
		if err := next.Load(file); err != nil {
			logger().Error("the file has an error; the last good config stays in use", zap.Error(err))
			continue
		}
		logger().Info("the config file has changed, and is in use")
	}
}
