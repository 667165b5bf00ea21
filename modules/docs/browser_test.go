package docs

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"gateway/internal/browsertest"
)

func TestMain(m *testing.M) { browsertest.Main(m) }

// TestBrowser opens the documentation in a real browser: the operations are there,
// choosing a version works, an operation can be tried, and nobody else is asked.
func TestBrowser(t *testing.T) {
	p, s := pages(t), site(t, Base)
	tried := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case p.Owns(r.URL.Path):
			p.ServeHTTP(w, r)
		case s.Owns(r.URL.Path):
			s.ServeHTTP(w, r)
		default:
			select {
			case tried <- r.Method + " " + r.URL.Path:
			default:
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"status":"fine"}`))
		}
	}))
	defer server.Close()
	tab := browsertest.Open(t, server.URL)

	tab.Do("opening the documentation",
		tab.Open("docs"),
		chromedp.WaitVisible(chromedp.CSS(".opblock-summary-path")),
	)
	operations := browsertest.Value[int](tab, `document.querySelectorAll(".opblock").length`)
	chosen := browsertest.Value[string](tab, `document.getElementById("document").value`)
	if operations != 2 || chosen != "users.json" {
		t.Errorf("%d operations of %s are shown, want 2 of users.json", operations, chosen)
	}
	tab.Do("choosing a version",
		browsertest.Script(`{
			const select = document.getElementById("document");
			select.value = "orders/v1.json";
			select.dispatchEvent(new Event("change"));
		}`),
		chromedp.WaitVisible(chromedp.CSS(".opblock-deprecated")),
	)
	if address := browsertest.Value[string](tab, `location.href`); !strings.HasSuffix(address, "/docs/?document=orders%2Fv1.json") {
		t.Errorf("the address is %s", address)
	}
	tab.Do("trying an operation",
		chromedp.Click(chromedp.CSS("#operations-default-health .opblock-summary-control")),
		chromedp.WaitVisible(chromedp.CSS(".try-out__btn")),
		browsertest.Shot("docs"),
		chromedp.Click(chromedp.CSS(".try-out__btn")),
		chromedp.WaitVisible(chromedp.CSS(".execute")),
		chromedp.Click(chromedp.CSS(".execute")),
		chromedp.WaitVisible(chromedp.CSS(".live-responses-table")),
	)
	select {
	case got := <-tried:
		if got != "GET /shop/health" {
			t.Errorf("tried was %s", got)
		}
	case <-time.After(10 * time.Second):
		t.Error("trying an operation sends nothing")
	}
	tab.Do("reading about a reason",
		tab.Open("docs/errors/"),
		chromedp.Click(chromedp.CSS(`a[href="auth.missing"]`)),
		chromedp.WaitVisible(chromedp.CSS("h2")),
		browsertest.Shot("reason"),
	)
	heading := browsertest.Value[string](tab, `document.querySelector("h1").textContent`)
	family := browsertest.Value[string](tab, `getComputedStyle(document.body).fontFamily`)
	if heading != "auth.missing" || !strings.Contains(family, "system-ui") {
		t.Errorf("the page is called %q and written in %s", heading, family)
	}
}
