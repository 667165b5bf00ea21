package console_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"gateway/internal/browsertest"
	"gateway/internal/freeport"
	"gateway/internal/gatewaytest"
)

// busy starts a gateway with everything that the pages show, and has it see some traffic.
func busy(t *testing.T, address string) {
	t.Helper()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"id": "seven", "price": 12345678901234567890}`))
	}))
	t.Cleanup(service.Close)
	root := t.TempDir()
	text, err := os.ReadFile("testdata/hostile.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"v1", "v2"} {
		folder := filepath.Join(root, "api", "things", version)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "openapi.yaml"), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	issuer := gatewaytest.NewIssuer(t)
	gw := startedIn(t, root, address, `	api things {
		versioning {
			default v2
			version v1 {
				deprecated 2026-01-01
				sunset 2099-12-31
			}
		}
		auth `+issuer.URL+` {
			audience things
		}
		ratelimit 3/1h {http.auth.user.id}
		reverse_proxy `+strings.TrimPrefix(service.URL, "http://")+`
	}`)
	front := httptest.NewServer(gw)
	t.Cleanup(front.Close)
	token := issuer.Token(t, map[string]any{"aud": "things", "sub": "alice"})
	for i, body := range []string{`{"size": 1}`, `{"size": "large"}`, `{}`, `{}`, `{}`} {
		r, err := http.NewRequest(http.MethodPost, front.URL+"/v"+string("12"[i%2])+"/things", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+token)
		res, err := front.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	res, err := front.Client().Get(front.URL + "/v1/nothing")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
}

// pages are the addresses of all pages, and a text that is there when they are.
var pages = []struct{ name, hash, text string }{
	{"requests", "#/requests", "limit.exceeded"},
	{"metrics", "#/metrics?minutes=5", "This process"},
	{"routes", "#/routes", "Routes"},
	{"limits", "#/limits", "Limits"},
	{"versions", "#/versions", "Versions"},
	{"config", "#/config", "Config"},
	{"reasons", "#/reasons", "All reasons"},
	{"reason", "#/reasons/schema.body", "What to do"},
}

// TestEveryPageIsForEverybody: axe-core finds nothing to complain about on any page, in both themes, on a desk and on
// a phone, and nothing is wider than the screen.
func TestEveryPageIsForEverybody(t *testing.T) {
	t.Parallel()
	axe := browsertest.Axe(t)
	address := freeport.Address(t)
	busy(t, address)
	tab := newTab(t, address)
	tab.Do("opening", tab.Open(""), has("limit.exceeded"), script(axe))
	check := func(name string) {
		t.Helper()
		for _, one := range tab.Barriers() {
			t.Errorf("%s: %s", name, one)
		}
		if wide := browsertest.Value[string](tab, `[document.documentElement, document.getElementById("main")].map((one) => one.scrollWidth - one.clientWidth).concat(document.documentElement.scrollHeight - innerHeight).join()`); wide != "0,0,0" {
			t.Errorf("%s is wider or longer than the screen: %s", name, wide)
		}
	}
	for _, screen := range []struct {
		name          string
		width, height int64
		themes        []string
	}{{"desk", 1440, 900, []string{"light", "dark"}}, {"phone", 360, 740, []string{"dark"}}} {
		tab.Do(screen.name, chromedp.EmulateViewport(screen.width, screen.height))
		for _, theme := range screen.themes {
			tab.Do(theme, script(`document.documentElement.dataset.theme = "`+theme+`"; dispatchEvent(new Event("theme"))`))
			for _, page := range pages {
				tab.Do(page.name, script(`location.hash = "`+page.hash+`"`), has(page.text), until(`document.querySelector("main :is(.page, .requests)")`), shot(strings.Join([]string{"page", page.name, theme, screen.name}, "-")))
				check(strings.Join([]string{page.name, theme, screen.name}, " "))
			}
			tab.Do("a request", script(`location.hash = "#/requests?filter=reason:schema.body"`), until(`document.querySelectorAll(".entry").length === 1`), script(`document.querySelector(".entry a").click()`), has("Broken rules"),
				script(`for (const one of document.querySelectorAll("details")) one.open = true`), shot("page-request-"+theme+"-"+screen.name))
			check("a request " + theme + " " + screen.name)
			tab.Do("editing it", press("Edit and replay"), until(`document.querySelector("dialog[open] textarea")`))
			check("editing " + theme)
			tab.Do("help", script(`document.querySelector("dialog").close()`), script(`document.getElementById("help").click()`), has("Keys of one letter act"))
			check("help " + theme)
			tab.Do("closing it", script(`document.querySelector("dialog").close()`))
		}
	}
}

// TestKeyboardOnly does with keys alone what a person does, and sees at every step where it is.
func TestKeyboardOnly(t *testing.T) {
	t.Parallel()
	address := freeport.Address(t)
	busy(t, address)
	tab := newTab(t, address)
	tab.Do("opening", tab.Open(""), has("limit.exceeded"))
	tab.Do("the first stop skips the head", keys("\t"), until(`document.activeElement.className === "skip" && document.activeElement.getBoundingClientRect().top >= 0`), keys(kb.Enter), until(`document.activeElement.id === "main"`))
	tab.Do("the filter with suggestions", keys("/rea"), until(`document.querySelector("[role=listbox]").innerText.includes("reason:")`), keys(kb.ArrowDown+kb.Enter+"sch"), until(`document.querySelector("[role=listbox]").innerText.includes("schema.*")`),
		keys(kb.ArrowDown+kb.Enter), until(`document.getElementById("filter").value === "reason:schema.* "`), until(`document.querySelectorAll(".entry").length === 1`))
	tab.Do("clearing it", keys(kb.Escape+kb.Escape), until(`document.querySelectorAll(".entry").length === 6 && document.activeElement.id !== "filter"`))
	tab.Do("down the list", keys("jjk"), until(`document.activeElement === document.querySelector(".entry.selected a") && document.querySelector(".entry.selected").getAttribute("aria-rowindex") === "2"`))
	tab.Do("opening one", keys("j"+kb.Enter), has("Where the time went"))
	tab.Do("the next one", keys("j"), until(`document.querySelector(".entry.selected").getAttribute("aria-rowindex") === "4"`), until(`document.querySelector(".entry.selected a").hash === location.hash`))
	tab.Do("back at it", keys(kb.Escape), until(`location.hash === "#/requests" && document.activeElement === document.querySelector(".entry.selected a")`))
	tab.Do("pausing", keys("p"), has("Resume"), keys("p"), has("Pause"))
	tab.Do("the pages", keys("2"), until(`document.title.startsWith("Metrics")`), keys("6"), until(`document.title.startsWith("Config")`), keys("1"), has("limit.exceeded"))
	tab.Do("help and back", keys("?"), has("Keys of one letter act"), keys(kb.Escape), until(`!document.querySelector("dialog")`))
	tab.Do("the theme", keys("t"), until(`document.documentElement.dataset.theme === "light"`))
	tab.Do("no keys of one letter", keys("?"), until(`document.querySelector("dialog")`), script(`document.querySelector("dialog input").click()`), keys(kb.Escape), until(`!document.querySelector("dialog")`), keys("2t"), script(`new Promise((done) => setTimeout(done, 200))`),
		until(`document.title.startsWith("Requests") && document.documentElement.dataset.theme === "light"`))
	// Around the whole page with Tab: what has the focus can be seen, and it comes round again.
	tab.Do("opening one", script(`document.querySelector(".entry a").click()`), has("Where the time went"), script(`document.querySelector(".skip").focus()`))
	seen := map[string]bool{}
	for range 60 {
		tab.Do("tab", keys("\t"))
		at := browsertest.Value[string](tab, `(() => { const at = document.activeElement; if (at === document.body) return ""; const style = getComputedStyle(at), after = getComputedStyle(at, "::after");
			const ring = (one) => one.outlineStyle !== "none" && parseFloat(one.outlineWidth) >= 2;
			return (ring(style) || ring(after) ? "" : "hidden: ") + at.tagName + " " + (at.id || at.textContent.trim().slice(0, 30)); })()`)
		if strings.HasPrefix(at, "hidden") {
			t.Errorf("the focus cannot be seen: %s", at)
		}
		seen[at] = true
	}
	for _, want := range []string{"A Metrics", "INPUT filter", "BUTTON Replay", "BUTTON Copy as curl", "BUTTON theme"} {
		if !seen[want] {
			t.Errorf("Tab does not come by %s: %v", want, seen)
		}
	}
}

// TestFirstPaint: the page is there at once. The number is that of the best of five, because the machine may be busy.
func TestFirstPaint(t *testing.T) {
	address := freeport.Address(t)
	started(t, address, "\trespond ok")
	tab := newTab(t, address)
	best := time.Hour
	for range 5 {
		tab.Do("opening", tab.Open(""), has("No requests yet"))
		ms := browsertest.Value[float64](tab, `performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 1e9`)
		best = min(best, time.Duration(ms*float64(time.Millisecond)))
	}
	t.Logf("first contentful paint after %v", best.Round(time.Millisecond))
	if best > 300*time.Millisecond {
		t.Errorf("the first paint takes %v", best)
	}
}
