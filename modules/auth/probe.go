package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"gateway/internal/problem"
)

// probe is set in a process that inspects a token instead of serving requests. A
// configuration is provisioned and its own routing finds the handler that judges the
// request, so that an inspection cannot come to another verdict than the gateway.
var probe atomic.Pointer[prober]

type prober struct {
	handlers []*Handler
	found    *judgement
}

// judgement is what one handler decided about a request.
type judgement struct {
	handler *Handler
	demand  *rule
	refusal *problem.Refusal
}

// provisioned remembers a handler of the configuration. Wherever it looks for tokens
// else, it takes the inspected one from the Authorization field.
func (p *prober) provisioned(h *Handler) {
	if !h.Off {
		h.places = nil
		p.handlers = append(p.handlers, h)
	}
}

// decided remembers the first judgement, and ends the request: what stands behind
// auth is not asked.
func (p *prober) decided(h *Handler, demand *rule, refusal *problem.Refusal) *problem.Refusal {
	if p.found == nil {
		p.found = &judgement{h, demand, refusal}
	}
	if refusal == nil {
		return endOfProbe
	}
	return refusal
}

var endOfProbe = &problem.Refusal{Reason: problem.AuthMissing}

// keyPatience bounds the wait for the keys of issuers.
const keyPatience = 10 * time.Second

// awaitKeys waits until the keys of all issuers have been fetched, or could not be.
func awaitKeys(ctx context.Context, handlers []*Handler) {
	ctx, cancel := context.WithTimeout(ctx, keyPatience)
	defer cancel()
	for _, h := range handlers {
		for _, iss := range h.issuers.list {
			remote, ok := iss.keys.(*remoteKeys)
			for ok && remote.stats.fetches.Load() == 0 && ctx.Err() == nil {
				select {
				case <-ctx.Done():
				case <-time.After(10 * time.Millisecond):
				}
			}
		}
	}
}

// loaded is a provisioned configuration that serves nobody.
type loaded struct {
	*prober
	servers map[string]*caddyhttp.Server
	config  []byte
}

// loadConfig provisions a configuration without starting it.
func loadConfig(file string) (*loaded, error) {
	config, err := adapt(file)
	if err != nil {
		return nil, err
	}
	if config, err = muteProxies(config); err != nil {
		return nil, err
	}
	var parsed *caddy.Config
	if err := caddy.StrictUnmarshalJSON(caddy.RemoveMetaFields(config), &parsed); err != nil {
		return nil, fmt.Errorf("decoding config: %w", err)
	}
	parsed.Admin = &caddy.AdminConfig{Disabled: true}
	parsed.Logging = &caddy.Logging{Logs: map[string]*caddy.CustomLog{caddy.DefaultLoggerName: {
		BaseLog: caddy.BaseLog{WriterRaw: json.RawMessage(`{"output":"discard"}`)},
	}}}
	p := new(prober)
	probe.Store(p)
	defer silence()()
	ctx, err := caddy.ProvisionContext(parsed)
	if err != nil {
		return nil, err
	}
	app, err := ctx.AppIfConfigured("http")
	if err != nil {
		return nil, errors.New("the configuration serves no HTTP")
	}
	return &loaded{prober: p, servers: app.(*caddyhttp.App).Servers, config: config}, nil
}

// adapt turns a Caddyfile into JSON as run would; JSON stays as it is.
func adapt(file string) ([]byte, error) {
	body, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(file, ".json") {
		return body, nil
	}
	defer silence()()
	config, _, err := caddyconfig.GetAdapter("gateway").Adapt(body, map[string]any{"filename": file})
	return config, err
}

// silence drops what Caddy logs until it is undone: a command has its own words.
func silence() (undo func()) {
	_, original, buffer := caddy.BufferedLog()
	return func() {
		buffer.FlushTo(zap.NewNop())
		caddy.UnbufferDefaultLogger(original)
	}
}

// muteProxies replaces every reverse proxy of a configuration by an answer, so that
// an inspected request that meets no auth is not sent anywhere.
func muteProxies(config []byte) ([]byte, error) {
	var tree any
	decoder := json.NewDecoder(bytes.NewReader(config))
	decoder.UseNumber()
	if err := decoder.Decode(&tree); err != nil {
		return nil, fmt.Errorf("decoding config: %w", err)
	}
	walk(tree, func(object map[string]any) {
		if object["handler"] == "reverse_proxy" {
			clear(object)
			object["handler"], object["status_code"] = "static_response", passedOn
		}
	})
	return json.Marshal(tree)
}

// passedOn is the status of the answer that stands for a service's.
const passedOn = http.StatusOK

// walk visits the objects of a JSON tree.
func walk(tree any, visit func(map[string]any)) {
	switch node := tree.(type) {
	case map[string]any:
		for _, member := range node {
			walk(member, visit)
		}
		visit(node)
	case []any:
		for _, item := range node {
			walk(item, visit)
		}
	}
}

// ask sends a request with the token through the configuration's own routes, and
// returns what auth decided about it.
func (l *loaded) ask(method, target, token string) (*judgement, error) {
	u, err := url.Parse(target)
	if err != nil || !strings.HasPrefix(u.Path, "/") {
		return nil, fmt.Errorf("%q is not a path or an address", target)
	}
	hosts := []string{u.Host}
	if u.Host == "" {
		hosts = append([]string{"localhost"}, l.hosts()...)
	}
	answer := ""
	for _, server := range l.names() {
		for _, host := range hosts {
			r := httptest.NewRequest(method, u.RequestURI(), nil)
			r.Host = host
			r.Header.Set("Authorization", "Bearer "+token)
			w := httptest.NewRecorder()
			l.servers[server].ServeHTTP(w, r)
			if l.found != nil {
				return l.found, nil
			}
			if answer == "" || w.Code >= 400 {
				answer = answerOf(w)
			}
		}
	}
	return nil, fmt.Errorf("no auth decides about %s %s: %s", method, target, answer)
}

// answerOf tells what became of a request that met no auth.
func answerOf(w *httptest.ResponseRecorder) string {
	var document struct{ Code string }
	if json.Unmarshal(w.Body.Bytes(), &document) == nil && document.Code != "" {
		return fmt.Sprintf("it is answered with %d %s", w.Code, document.Code)
	}
	if w.Code == passedOn {
		return "it is served without a token being looked at"
	}
	return fmt.Sprintf("it is answered with %d", w.Code)
}

func (l *loaded) names() []string {
	var names []string
	for name := range l.servers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// hosts lists the host names that the configuration matches, for requests that name
// none.
func (l *loaded) hosts() []string {
	var tree any
	if json.Unmarshal(l.config, &tree) != nil {
		return nil
	}
	var hosts []string
	walk(tree, func(object map[string]any) {
		names, _ := object["host"].([]any)
		for _, name := range names {
			if text, ok := name.(string); ok && !slices.Contains(hosts, text) {
				hosts = append(hosts, strings.Replace(text, "*", "any", 1))
			}
		}
	})
	slices.Sort(hosts)
	return hosts
}
