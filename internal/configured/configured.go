// Package configured reads what a configuration says about APIs, for commands that look
// at contracts without serving anything.
package configured

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"go.uber.org/zap"

	"gateway/internal/finding"
	"gateway/internal/openapi"
)

// API is one api block.
type API struct {
	Name string `json:"name"`
	// Contract is a file, a folder with versions, or the URL of a service.
	Contract   string          `json:"contract"`
	Source     string          `json:"source"`
	Versioning json.RawMessage `json:"versioning"`
	SLO        *SLO            `json:"slo"`
}

// SLO is what an API promises, in percent; 0 is nothing.
type SLO struct {
	Availability float64        `json:"availability"`
	Latency      float64        `json:"latency"`
	Within       caddy.Duration `json:"within"`
}

// String returns the promise in words.
func (s *SLO) String() string {
	var parts []string
	if s.Availability > 0 {
		parts = append(parts, fmt.Sprintf("%v %% of the requests succeed", s.Availability))
	}
	if s.Latency > 0 {
		parts = append(parts, fmt.Sprintf("%v %% of those that succeed end within %v", s.Latency, time.Duration(s.Within)))
	}
	return strings.Join(parts, ", ")
}

// Remote tells that the contract is fetched from a service.
func (a *API) Remote() bool { return strings.Contains(a.Contract, "://") }

// Contracts finds the contracts of the API, oldest version first.
func (a *API) Contracts() ([]openapi.Found, error) { return Contracts(a.Contract) }

// Contracts finds the contracts at a place: the file itself, or those in a folder.
func Contracts(place string) ([]openapi.Found, error) {
	switch filepath.Ext(place) {
	case ".json", ".yaml", ".yml":
		if _, err := os.Stat(place); err != nil {
			return nil, &finding.Error{Message: "there is no such contract", At: finding.Position{File: place}}
		}
		return []openapi.Found{{File: place}}, nil
	}
	return openapi.Discover(place)
}

// File returns the configuration that a command should read: the named one, or else
// the Caddyfile in this folder; "" if there is none.
func File(named string) (string, error) {
	if named != "" {
		return named, nil
	}
	_, err := os.Stat("Caddyfile")
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return "Caddyfile", err
}

// Read returns the api blocks of a configuration. Nothing is provisioned.
func Read(file string) ([]API, error) {
	handlers, err := Handlers(file, "api")
	if err != nil {
		return nil, err
	}
	var list []API
	for _, handler := range handlers {
		var site struct {
			APIs []API `json:"apis"`
		}
		if err := json.Unmarshal(handler, &site); err != nil {
			return nil, err
		}
		list = append(list, site.APIs...)
	}
	return list, nil
}

// Handlers returns the HTTP handlers of a configuration that have a name, as they are
// in Caddy's JSON. What belongs to an api block is not a handler of its own.
func Handlers(file, name string) ([]json.RawMessage, error) {
	config, err := JSON(file)
	if err != nil {
		return nil, err
	}
	var tree any
	if err := json.Unmarshal(config, &tree); err != nil {
		return nil, err
	}
	var list []json.RawMessage
	walk(tree, func(object map[string]any) {
		if object["handler"] != name || err != nil {
			return
		}
		var part []byte
		part, err = json.Marshal(object)
		list = append(list, part)
	})
	return list, err
}

// JSON returns a configuration as Caddy's JSON, without a word in the log.
func JSON(file string) ([]byte, error) {
	body, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(file, ".json") {
		return body, nil
	}
	adapter := caddyconfig.GetAdapter("gateway")
	if adapter == nil {
		return nil, errors.New("the config adapter of the gateway is not compiled in")
	}
	_, original, buffer := caddy.BufferedLog()
	defer func() {
		buffer.FlushTo(zap.NewNop())
		caddy.UnbufferDefaultLogger(original)
	}()
	config, _, err := adapter.Adapt(body, map[string]any{"filename": file})
	return config, err
}

// walk calls visit for every object, the members of each in the order of their names.
func walk(value any, visit func(map[string]any)) {
	switch v := value.(type) {
	case map[string]any:
		visit(v)
		for _, name := range slices.Sorted(maps.Keys(v)) {
			walk(v[name], visit)
		}
	case []any:
		for _, item := range v {
			walk(item, visit)
		}
	}
}
