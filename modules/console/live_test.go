package console_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"gateway/internal/browsertest"
	"gateway/internal/finding"
	"gateway/internal/freeport"
	"gateway/internal/gatewaytest"
	"gateway/internal/loads"
)

// TestLoadErrorOverThePage: a configuration that does not load is over any page, with the lines around the mistake, and goes
// by itself. The state is that of the whole process, so nothing else may load meanwhile.
func TestLoadErrorOverThePage(t *testing.T) {
	address := freeport.Address(t)
	started(t, address, "\trespond ok")
	tab := newTab(t, address)
	tab.Do("opening", tab.Open("#/metrics"), has("No requests in this time"))
	book := loads.Process()
	_ = book.Do(func() error {
		return (&finding.Error{Message: `"respnd" is not a directive`, At: finding.Position{File: "Caddyfile", Line: 2, Column: 2}, Hint: "did you mean respond?", Word: "respnd"}).In([]byte(":8080\n\trespnd hello\n"))
	})
	tab.Do("it is there", has("The new configuration does not load"), has("did you mean respond?"), until(`document.querySelector(".alert .at").textContent.includes("respnd hello")`), shot("load-error"))
	tab.Do("over any page", script(`location.hash = "#/requests"`), has("No requests yet"), has("The new configuration does not load"))
	_ = book.Do(func() error { return errors.New("<script>window.hit=1</script>") })
	tab.Do("another one", has("<script>window.hit=1</script>"), hasNot("did you mean respond?"))
	_ = book.Do(func() error { return nil })
	tab.Do("it goes", hasNot("does not load"), until(`window.hit === undefined && document.querySelector("#alerts").childElementCount === 0`))
}

// TestMetricsPage uses the charts: from a reason to its requests, and from an operation to its numbers.
func TestMetricsPage(t *testing.T) {
	t.Parallel()
	address := freeport.Address(t)
	busy(t, address)
	tab := newTab(t, address)
	tab.Do("opening", tab.Open("#/metrics?minutes=5"), until(`document.querySelectorAll(".chart canvas").length === 6`), has("limit.exceeded"), has("Limits nearest to empty"), has("Services and keys"), has("This process, since"),
		until(`document.querySelector(".tile dd").textContent === "6"`), shot("metrics"))
	tab.Do("an operation", press("POST /v2/things"), until(`document.querySelector(".tile dd").textContent === "2"`), until(`location.hash.includes("route=%2Fv2%2Fthings")`))
	tab.Do("all of them again", script(`const field = document.querySelectorAll(".choices select")[2]; field.value = ""; field.dispatchEvent(new Event("change"))`), until(`location.hash.includes("version=v2")`))
	tab.Do("other colours", script(`document.getElementById("theme").click()`), until(`document.querySelectorAll(".chart canvas").length === 6`))
	tab.Do("the numbers", script(`document.querySelector(".numbers").open = true`), until(`document.querySelectorAll(".numbers[open] tbody tr").length === 60`))
	tab.Do("a reason", script(`location.hash = "#/metrics"`), has("route.not_found"), press("limit.exceeded"), until(`location.hash === "#/requests?filter=reason%3Alimit.exceeded"`), until(`document.querySelectorAll(".entry").length === 2`))
}

// things is a site whose requests are recorded: those that no directive of the gateway sees are not.
const things = "\tapi things {\n\t\tcontract testdata/things.yaml\n\t\trespond ok\n\t}"

// TestTheListGoesOn: while a configuration follows another the page says that nobody answers, and misses
// nothing; paused, it stands still and says how many wait.
func TestTheListGoesOn(t *testing.T) {
	t.Parallel()
	address := freeport.Address(t)
	gw := started(t, address, things)
	tab := newTab(t, address)
	tab.Expect("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET", "net::ERR")
	gw.Do("GET", "/first")
	tab.Do("opening", tab.Open(""), has("/first"), has("live"))
	stop(t, gw)
	tab.Do("nobody answers", has("no answer, trying again"))
	gw.Do("GET", "/meanwhile") // requests of before are still recorded
	next := started(t, address, things+"\n\theader X-Changed yes")
	next.Do("GET", "/after")
	tab.Do("it goes on", has("live"), has("/meanwhile"), has("/after"), until(`document.querySelectorAll(".entry").length === 3`))

	tab.Do("paused", keys("p"), has("Resume"))
	for range 40 {
		next.Do("GET", "/waiting")
	}
	tab.Do("they wait", has("Resume · 40 new"), until(`document.querySelectorAll(".entry").length === 3`), keys("p"), has("43 shown"))
	tab.Do("one is chosen", keys("jjj"), until(`document.querySelector(".entry.selected")`))
	before := browsertest.Value[float64](tab, `document.querySelector(".entry.selected").getBoundingClientRect().top`)
	for range 30 {
		next.Do("GET", "/more")
	}
	tab.Do("what is read stays where it is", has("73 shown"), until(`document.querySelector(".list").scrollTop > 0 && Math.abs(document.querySelector(".entry.selected").getBoundingClientRect().top - `+fmt.Sprint(before)+`) < 2`), press("↑ Newest"), until(`document.querySelector(".list").scrollTop === 0`))
}

// TestABusyGateway: two hundred requests a second do not stop the page: only the rows in sight are in the document, and
// it answers keys. The rate of frames is printed; the machine may be busy.
func TestABusyGateway(t *testing.T) {
	t.Parallel()
	address := freeport.Address(t)
	gw := started(t, address, things)
	tab := newTab(t, address)
	tab.Do("opening", tab.Open(""), has("No requests yet"))
	done := make(chan int)
	go func() {
		n := 0
		for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			gw.Serve(httptest.NewRequest(http.MethodGet, "/busy", nil))
			n++
		}
		done <- n
	}()
	tab.Do("they come", has("/busy"))
	frames := browsertest.Value[float64](tab, `new Promise((done) => { let n = 0; const begin = performance.now(); const frame = () => { n++; const passed = performance.now() - begin; if (passed < 2000) requestAnimationFrame(frame); else done(n / passed * 1000); }; frame(); })`)
	rows := browsertest.Value[float64](tab, `document.querySelectorAll(".entry").length`)
	tab.Do("it answers keys", keys("p"), has("Resume"))
	n := <-done
	tab.Do("all of them", keys("p"), until(`document.querySelector(".count").textContent.includes("`+strconv.Itoa(n)+` seen")`), keys("/"), until(`document.activeElement.id === "filter"`), keys(kb.Escape))
	t.Logf("%d requests, %.0f frames a second, %.0f rows in the document", n, frames, rows)
	if rows > 60 || rows < 5 {
		t.Errorf("%v rows are in the document", rows)
	}
}

// TestReplayOnThePage: a request is sent again, as it was and edited, and both stand beside the first.
func TestReplayOnThePage(t *testing.T) {
	t.Parallel()
	address, plain, _, service := onWire(t, "")
	tab := newTab(t, address)
	first := send(t, plain.Client(), http.MethodPost, plain.URL+"/things?limit=1", "", `{"size": 1}`, "Content-Type", "application/json", "Authorization", "Bearer secret")
	tab.Do("opening", tab.Open("#/requests/"+first), has("POST /things?limit=1"))
	tab.Do("again", press("Replay"), has("Replayed without what is masked or cut: request.header.Authorization"), press("Close"), has("replay of an earlier request"), until(`document.querySelectorAll(".entry").length === 2`))
	if got, n, _ := service.last(); n != 2 || !strings.HasSuffix(got, `/things?limit=1 {"size": 1}`) {
		t.Errorf("the service got %d: %s", n, got)
	}
	tab.Do("edited", press("Edit and replay"), script(`const fields = document.querySelectorAll("dialog input, dialog textarea"); fields[1].value = "/things?limit=2"; fields[2].value += "\nX-More: yes"; fields[3].value = "{}"`), press("Send"), has("POST /things?limit=2"), until(`document.querySelectorAll(".entry").length === 3`), shot("replayed"))
	if got, n, header := service.last(); n != 3 || !strings.HasSuffix(got, "/things?limit=2 {}") || header.Get("X-More") != "yes" {
		t.Errorf("the service got %d: %s %v", n, got, header)
	}
	tab.Expect("status of 400")
	tab.Do("what cannot be sent", press("Edit and replay"), script(`document.querySelector("dialog input").value = "NO METHOD"`), press("Send"), has("The method is no token"), keys(kb.Escape), until(`!document.querySelector("dialog")`))
	tab.Do("where it came from", press("replay of an earlier request"), until(`location.hash.includes("`+first+`") || document.body.innerText.includes("limit=1")`))
}

// stop ends the apps of a gateway, as a reload does.
func stop(t *testing.T, gw *gatewaytest.Gateway) {
	t.Helper()
	app, err := gw.Context().App("gateway")
	if err == nil {
		err = app.(interface{ Stop() error }).Stop()
	}
	if err != nil {
		t.Fatal(err)
	}
}
