package api_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"gateway/internal/gatewaytest"
)

// signIn is a contract whose security would take a browser to the issuer.
const signIn = `openapi: 3.1.0
info: {title: Orders, version: "1"}
security: [{idp: [orders:read]}]
paths:
  /orders/{id}:
    get:
      operationId: getOrder
      parameters:
        - {name: id, in: path, required: true, schema: {type: integer}, example: 7}
      responses:
        "200": {description: The order.}
  /open:
    get:
      operationId: open
      security: []
      responses:
        "200": {description: For everybody.}
components:
  securitySchemes:
    idp: {type: openIdConnect, openIdConnectUrl: %s/.well-known/openid-configuration}
`

// TestTryItOut opens the documentation of a gateway in a real browser, under its strict
// Content-Security-Policy: a token is pasted, an operation is tried, the gateway lets it
// through to the service, and nobody else is asked for anything, the issuer included.
func TestTryItOut(t *testing.T) {
	t.Parallel()
	const chromium = "/usr/bin/chromium"
	if _, err := os.Stat(chromium); err != nil {
		t.Skipf("there is no browser at %s", chromium)
	}
	issuer := gatewaytest.NewIssuer(t)
	token := issuer.Token(t, map[string]any{"sub": "alice", "aud": "orders", "scope": "orders:read"})
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "the service answers %s", r.URL.Path)
	}))
	defer service.Close()
	folder := t.TempDir()
	write(t, folder+"/api/orders/v1/openapi.yaml", fmt.Sprintf(signIn, issuer.URL))
	gw, err := gatewaytest.LoadFile(t, folder+"/Caddyfile", fmt.Sprintf(
		":8080 {\n\tapi orders {\n\t\tauth %s {\n\t\t\taudience orders\n\t\t}\n\t\tdocs\n\t\treverse_proxy %s\n\t}\n}\n", issuer.URL, service.URL))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the issuer's keys", func() bool {
		return gw.Do("GET", "/v1/orders/7", "Authorization", "Bearer "+token).Code == 200
	})
	server := httptest.NewServer(gw)
	defer server.Close()

	tab, seen := openTab(t, chromium)
	act(t, tab, "opening the documentation",
		chromedp.Navigate(server.URL+"/docs/"),
		chromedp.WaitVisible(chromedp.CSS(".opblock-summary-path")),
		chromedp.Click(chromedp.CSS(".btn.authorize")),
		chromedp.WaitVisible(chromedp.CSS(".auth-container input")),
		chromedp.SendKeys(chromedp.CSS(".auth-container input"), token),
		chromedp.Click(chromedp.CSS(".auth-btn-wrapper .authorize")),
		chromedp.Click(chromedp.CSS(".btn-done")),
		chromedp.Click(chromedp.CSS("#operations-default-getOrder .opblock-summary-control")),
		chromedp.WaitVisible(chromedp.CSS(".try-out__btn")),
		chromedp.Click(chromedp.CSS(".try-out__btn")),
		chromedp.WaitVisible(chromedp.CSS(".execute")),
		chromedp.Click(chromedp.CSS(".execute")),
		chromedp.WaitVisible(chromedp.CSS(".live-responses-table .response")),
	)
	shown, err := chromedp.Run(tab, chromedp.Text(chromedp.CSS(".live-responses-table .response")))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(shown, "200") || !strings.Contains(shown, "the service answers /v1/orders/7") {
		t.Errorf("the page shows %s", shown)
	}
	if trouble := seen.trouble(server.URL); len(trouble) > 0 {
		t.Errorf("the page asks others, or the browser complains: %q", trouble)
	}
}

// witness is what a browser asks for and complains about.
type witness struct {
	mu         sync.Mutex
	requests   []string
	complaints []string
}

func (w *witness) note(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		w.requests = append(w.requests, e.Request.URL)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			w.complaints = append(w.complaints, e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

// trouble returns the requests to elsewhere and the complaints.
func (w *witness) trouble(origin string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := append([]string(nil), w.complaints...)
	for _, url := range w.requests {
		if !strings.HasPrefix(url, origin+"/") && !strings.HasPrefix(url, "data:") {
			list = append(list, url)
		}
	}
	return list
}

func openTab(t *testing.T, chromium string) (context.Context, *witness) {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1200, 900),
	)
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting the browser: %v", err)
	}
	w := new(witness)
	if err := chromedp.Listen(ctx, w.note); err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(ctx, 30*time.Second)
	t.Cleanup(cancel)
	return ctx, w
}

func act(t *testing.T, ctx context.Context, what string, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}
