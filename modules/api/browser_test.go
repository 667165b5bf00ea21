package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"gateway/internal/browsertest"
	"gateway/internal/gatewaytest"
)

func TestMain(m *testing.M) { browsertest.Main(m) }

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

	tab := browsertest.Open(t, server.URL)
	tab.Do("opening the documentation",
		tab.Open("docs/"),
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
	shown := browsertest.Value[string](tab, `document.querySelector(".live-responses-table .response").innerText`)
	if !strings.Contains(shown, "200") || !strings.Contains(shown, "the service answers /v1/orders/7") {
		t.Errorf("the page shows %s", shown)
	}
}
