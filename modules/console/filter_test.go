package console_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"gateway/internal/filter"
	"gateway/internal/freeport"
)

// TestThePageKnowsEveryKey of the filter language, to suggest it and to say what it is about.
func TestThePageKnowsEveryKey(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("page/js/filter.js")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(text), "export const keys = {")
	list, _, _ = strings.Cut(list, "};")
	for _, key := range filter.Keys() {
		if !strings.Contains(" "+strings.ReplaceAll(list, "\t", " "), " "+key+`: "`) {
			t.Errorf("the page does not know the key %s", key)
		}
	}
	if n := strings.Count(list, `: "`); n != len(filter.Keys()) {
		t.Errorf("the page knows %d keys, there are %d", n, len(filter.Keys()))
	}
}

// TestFilterByWhatARowShows: the query is in the row, masked, and so is the group of a canary; both can be asked
// for. A range is a filter, and a word of another language is a mistake with its place. A value in quotes is
// completed as a whole.
func TestFilterByWhatARowShows(t *testing.T) {
	t.Parallel()
	address := freeport.Address(t)
	gw := started(t, address, "\tcanary 100% {\n\t\tby {http.request.host}\n\t}\n\trespond /fails 503\n\trespond ok")
	tab := newTab(t, address)
	tab.Do("opening", tab.Open(""), has("No requests yet"))
	gw.Do("GET", "/orders?limit=3&token=hidden-hidden")
	gw.Do("GET", "/fails")
	rows := func(n int) string { return fmt.Sprintf(`document.querySelectorAll(".entry").length === %d`, n) }
	tab.Do("the row", has("/orders?limit=3&token=••••"), until(`(() => { const group = document.querySelector(".entry .e-who .pill"); return group.textContent === "canary" && group.offsetWidth < group.parentNode.offsetWidth; })()`), hasNot("hidden-hidden"))
	for text, n := range map[string]int{"group:canary": 2, "query:limit=3*": 1, "status:5xx": 1, "status:200..299 limit=3": 1, "-group:canary": 0} {
		tab.Do(text, keys("/"+text+kb.Enter), until(rows(n)), keys(kb.Escape+kb.Escape), until(rows(2)))
	}
	tab.Expect("status of 400")
	tab.Do("another language", keys("/status:200 OR status:503"+kb.Enter), has("OR is not known"), has("status:404,429"), until(`document.querySelector(".mistake pre").textContent.endsWith("\n           ^^")`), keys(kb.Escape+kb.Escape))
	tab.Do("in quotes", keys(`/"a b" consumer:"Alice E`), until(`(async () => { const { word } = await import("./js/filter.js"); const at = word(document.getElementById("filter").value, 21); return at.key === "consumer" && at.value === '"Alice E' && at.start === 6; })()`))
}
