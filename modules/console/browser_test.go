package console_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"gateway/internal/freeport"
)

// TestPage looks at the page as a person does, in a real browser: it is empty and says what to do, requests
// appear as they come, one of them is opened and says why it was refused; a broken contract shows its frame over
// any page and clears itself; the theme is chosen and remembered; nothing overflows on a phone.
func TestPage(t *testing.T) {
	t.Parallel()
	dir, address := t.TempDir(), freeport.Address(t)
	file := filepath.Join(dir, "things.yaml")
	good, err := os.ReadFile("testdata/things.yaml")
	if err != nil {
		t.Fatal(err)
	}
	put := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(string(good))
	gw := started(t, address, "\tapi things {\n\t\tcontract "+file+"\n\t\trespond ok\n\t}")
	tab := newTab(t, address)

	tab.Do("opening", tab.Open(""), has("No requests yet"), has("curl -i"), has("live"))
	gw.Do("GET", "/things")
	gw.Do("GET", "/things?limit=x")
	gw.Do("GET", "/nothing-here")
	tab.Do("requests appear", has("schema.query"), has("route.not_found"), until(`document.querySelectorAll(".entry").length === 3`), shot("requests"))

	tab.Do("one is opened", script(`[...document.querySelectorAll(".entry")].find((row) => row.innerText.includes("schema.query")).querySelector("a").click()`),
		has("GET /things?limit=x"), has("Broken rules"), has("query limit"), has("Where the time went"), has("What to do"), until(`location.hash.startsWith("#/requests/")`), shot("request"))
	tab.Do("the answer", press("Response"), has("application/problem+json"), has(`"code": "schema.query"`))
	tab.Do("back", press("← All requests"), until(`location.hash === "#/requests"`), hasNot("Broken rules"))

	tab.Do("the filter", keys("/reason:route.*"+kb.Enter), until(`document.querySelectorAll(".entry").length === 1`), until(`location.hash === "#/requests?filter=reason%3Aroute.*"`))
	tab.Expect("status of 400")
	tab.Do("a wrong filter", keys(" statsu:4"+kb.Enter), has("did you mean status?"), until(`document.querySelector(".mistake pre").textContent.endsWith("\n               ^^^^^^")`), shot("mistake"))
	tab.Do("it is cleared", keys(kb.Escape), until(`document.querySelectorAll(".entry").length === 3`), hasNot("did you mean"))

	tab.Do("another page", press("Config"), until(`document.title.startsWith("Config")`))
	put(strings.Replace(string(good), "type: integer", "type: integr", 1))
	tab.Do("a broken contract", has("The contract of things cannot be served"), has("did you mean integer?"), until(`document.querySelector(".alert[role=alert] .at").textContent.includes("integr")`), shot("broken"))
	tab.Do("it is hidden", press("Hide"), until(`!document.querySelector(".alert pre")`), press("Show"), until(`document.querySelector(".alert pre")`))
	put(string(good))
	tab.Do("its repair", hasNot("cannot be served"))

	tab.Do("dark", press("Requests"), has("/nothing-here"), script(`document.getElementById("theme").click(); document.getElementById("theme").click()`),
		until(`getComputedStyle(document.body).backgroundColor === "rgb(14, 18, 23)"`), shot("dark"))
	tab.Do("it is remembered", chromedp.Reload(), until(`getComputedStyle(document.body).backgroundColor === "rgb(14, 18, 23)"`), has("/nothing-here"))
	tab.Do("a phone", chromedp.EmulateViewport(360, 740), until(`innerWidth === 360 && document.documentElement.scrollWidth === 360`), shot("phone"))
	tab.Do("a request on a phone", script(`document.querySelector(".entry a").click()`), has("Where the time went"), until(`document.documentElement.scrollWidth === 360 && !document.querySelector(".list").checkVisibility()`), shot("phone-request"))
}
