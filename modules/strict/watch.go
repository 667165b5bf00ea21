package strict

import (
	"sync"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"go.uber.org/zap"
)

// watched keeps `run --watch` going. Caddy's watcher adapts the file every second,
// and gives up for good at the first error; a typo would end the watch. While a file
// is watched, an error is therefore logged once, and the last good config is given
// again: nothing has changed, says the watcher, and looks again.
var watched watch

type watch struct {
	mu       sync.Mutex
	on       bool
	config   map[string][]byte // the last good config by file
	reported map[string]string // the error that was logged last, by file
}

func (w *watch) start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.on, w.config, w.reported = true, map[string][]byte{}, map[string]string{}
}

// orLast passes a result on. If it is an error and the file is being watched, the
// last good result takes its place.
func (w *watch) orLast(file string, config []byte, warnings []caddyconfig.Warning, err error) ([]byte, []caddyconfig.Warning, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.on || file == requestBody {
		return config, warnings, err
	}
	if err == nil {
		w.config[file] = config
		delete(w.reported, file)
		return config, warnings, nil
	}
	last, ok := w.config[file]
	if !ok {
		return config, warnings, err
	}
	if text := err.Error(); w.reported[file] != text {
		w.reported[file] = text
		caddy.Log().Named("watcher").Error("the file has an error; the last good config stays in use",
			zap.String("config_file", file), zap.Error(err))
	}
	return last, nil, nil
}
