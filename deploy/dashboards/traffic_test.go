package dashboards_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gateway/internal/freeport"
	"gateway/internal/gatewaytest"
	"gateway/internal/redis/redistest"
	"gateway/modules/auth/authtest"
)

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func await(t *testing.T, url string) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if res, err := http.Get(url); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(end) {
			t.Fatalf("%s does not answer", url)
		}
	}
}

// traffic is a real gateway that uses everything that has a metric, and its clients.
type traffic struct {
	api, metrics  string
	token, opaque string
}

const contract = `openapi: 3.1.0
info: {title: Things, version: 1.0.0}
components:
  securitySchemes:
    token: {type: http, scheme: bearer}
security: [{token: []}]
paths:
  /things/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: integer}}
      - {name: old, in: query, deprecated: true, schema: {type: string}}
    get:
      operationId: getThing
      responses:
        "200":
          description: The thing.
          content:
            application/json:
              schema: {type: object, required: [id], properties: {id: {type: integer}}}
`

// service answers by the id that it is asked for.
func service(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch id := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]; id {
	case "2":
		_, _ = io.WriteString(w, `{"id":"two"}`) // not what the contract says
	case "3":
		w.WriteHeader(http.StatusInternalServerError)
	case "4":
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "{")
		panic(http.ErrAbortHandler)
	case "5":
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: 1\n\n")
		_ = http.NewResponseController(w).Flush()
	default:
		_, _ = io.WriteString(w, `{"id":1}`)
	}
}

func newTraffic(t *testing.T) *traffic {
	t.Helper()
	store := redistest.Start(t)
	issuer, opaque := gatewaytest.NewIssuer(t), authtest.NewIntrospection(t)
	opaque.Activate("opaque", authtest.Good("https://opaque.example", "things", nil))
	upstream := httptest.NewUnstartedServer(http.HandlerFunc(service))
	upstream.Config.ErrorLog = nil
	upstream.Start()
	t.Cleanup(upstream.Close)
	dir := t.TempDir()
	for _, version := range []string{"v1", "v2"} {
		write(t, filepath.Join(dir, "api", "things", version, "openapi.yaml"), contract)
	}
	write(t, filepath.Join(dir, "api", "opaque", "openapi.yaml"), strings.ReplaceAll(contract, "/things/", "/opaque/"))
	write(t, filepath.Join(dir, "secret"), authtest.ClientSecret)
	write(t, filepath.Join(dir, "denied"), "sub mallory\n")
	gw := &traffic{api: freeport.Address(t), metrics: freeport.Address(t), opaque: "opaque"}
	gw.token = issuer.Token(t, map[string]any{"aud": "things", "sub": "kim"})
	proxy := "\t\treverse_proxy " + strings.TrimPrefix(upstream.URL, "http://") + "\n"
	write(t, filepath.Join(dir, "Caddyfile"), `{
	admin off
	gateway {
		redis `+store.URL()+`
	}
}
http://`+gw.metrics+` {
	metrics /metrics
}
http://`+gw.api+` {
	api things {
		slo availability 99.9 latency 250ms 99
		versioning {
			path
			version v1 {
				deprecated 2026-06-01
				sunset 2099-12-31
			}
		}
		auth `+issuer.URL+` {
			audience things
			deny_list denied
		}
		ratelimit {
			policy address {
				quota 100000/1s
			}
			policy tenant {
				quota 1/1s
				key {http.request.header.X-Tenant}
				missing skip
			}
			policy busy {
				concurrency 100
			}
		}
		validate {
			responses report
		}
`+proxy+`	}
	api opaque {
		auth https://opaque.example {
			audience things
			introspection `+opaque.URL+` {
				client_id `+authtest.ClientID+`
				client_secret {file.`+filepath.Join(dir, "secret")+`}
				cache 1s
			}
		}
`+proxy+`	}
}
`)
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(executable, "run", "--config", filepath.Join(dir, "Caddyfile"))
	cmd.Env = append(os.Environ(), "PLAY_GATEWAY=1", "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir)
	run(t, cmd)
	await(t, "http://"+gw.metrics+"/metrics")
	return gw
}

// begin sends requests of all kinds until the test ends.
func (gw *traffic) begin(t *testing.T) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; t.Context().Err() == nil; n++ {
			gw.round(t)
			time.Sleep(50 * time.Millisecond)
		}
	}()
	t.Cleanup(func() { <-done })
}

// round is one request of each kind: good, bad, refused, broken and streamed.
func (gw *traffic) round(t *testing.T) {
	bearer := "Bearer " + gw.token
	for _, request := range []struct{ method, path, authorization, tenant string }{
		{"GET", "/v1/things/1", bearer, ""},
		{"GET", "/v2/things/1?old=1", bearer, ""},
		{"HEAD", "/v2/things/1", bearer, ""},
		{"GET", "/v2/things/2", bearer, ""},
		{"GET", "/v2/things/3", bearer, ""},
		{"GET", "/v2/things/4", bearer, ""},
		{"GET", "/v2/things/5", bearer, ""},
		{"GET", "/v2/things/x", bearer, ""},
		{"GET", "/v2/things/1", bearer, "acme"},
		{"GET", "/v2/things/1", bearer, "acme"},
		{"GET", "/v2/things/1", "", ""},
		{"GET", "/v2/things/1", bearer + "x", ""},
		{"PUT", "/v2/things/1", bearer, ""},
		{"GET", "/v2/nothing", bearer, ""},
		{"GET", "/opaque/1", "Bearer " + gw.opaque, ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), request.method, "http://"+gw.api+request.path, nil)
		if err != nil {
			return
		}
		r.Header.Set("Authorization", request.authorization)
		if request.tenant != "" {
			r.Header.Set("X-Tenant", request.tenant)
		}
		if res, err := http.DefaultClient.Do(r); err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
	}
}
