package console_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gateway/internal/browsertest"
	"gateway/internal/freeport"
	"gateway/internal/gatewaytest"
)

// hostile are texts that run a script wherever they are taken for markup, an address or code.
var hostile = []string{
	`<script>window.hit=1</script>`,
	`"><img src=x onerror=window.hit=1>`,
	`'><svg/onload=window.hit=1>`,
	`</pre></script></style></textarea><script>window.hit=1</script>`,
	`<iframe srcdoc="<script>parent.hit=1</script>"></iframe>`,
	`<a href="javascript:window.hit=1" autofocus onfocus=window.hit=1>x</a>`,
	`<details open ontoggle=window.hit=1>`,
	`<math><mtext><table><mglyph><style><img src=x onerror=window.hit=1>`,
	`javascript:window.hit=1//`,
	`{{constructor.constructor('window.hit=1')()}}${window.hit=1}`,
	`&lt;img src=x onerror=window.hit=1&gt;&#60;script&#62;`,
	`<style>@import '//evil.example/x'</style><link rel=stylesheet href=//evil.example/y><base href=//evil.example/>`,
	`<form action=//evil.example><input autofocus onfocus=window.hit=1></form>`,
	"<img\nsrc=//evil.example/z\tonerror=window.hit=1>",
}

// naughty are strings of the public list of those that break programs, those that look like markup.
// CONSOLE_ALL has all of them shown, which takes a minute.
func naughty(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(gatewaytest.Root(), "../shared/testdata/naughty-strings/blns.json"))
	if err != nil {
		t.Log("without ../shared/testdata/naughty-strings:", err)
		return nil
	}
	var all, list []string
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	every := 6 // of more than a hundred, unless there is time for all
	if os.Getenv("CONSOLE_ALL") != "" {
		every = 1
	}
	for i, one := range all {
		if strings.ContainsAny(one, "<>") && i%every == 0 {
			list = append(list, one)
		}
	}
	return list
}

// TestHostileTextStaysText: what attackers write into paths, header fields, bodies, claims and
// contracts, and what services answer, is shown on every page, and none of it runs.
func TestHostileTextStaysText(t *testing.T) {
	t.Parallel()
	corpus := append(naughty(t), hostile...)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Answer", r.Header.Get("X-Evil"))
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.Copy(w, r.Body)
		_, _ = io.WriteString(w, `{"`+hostile[0]+`": "`+hostile[2]+`"}`)
	}))
	defer service.Close()
	file := filepath.Join(t.TempDir(), "things.yaml")
	write := func(kind string) {
		t.Helper()
		text, err := os.ReadFile("testdata/hostile.yaml")
		if err == nil {
			err = os.WriteFile(file, []byte(strings.Replace(string(text), "type: integer", "type: "+kind, 1)), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	write("integer")
	address, issuer := freeport.Address(t), gatewaytest.NewIssuer(t)
	gw := started(t, address, "\tapi things {\n\t\tcontract "+file+"\n\t\tauth "+issuer.URL+" {\n\t\t\taudience things\n\t\t}\n\t\treverse_proxy "+strings.TrimPrefix(service.URL, "http://")+"\n\t}")
	front := httptest.NewServer(gw)
	defer front.Close()
	tab := newTab(t, address)
	tab.Do("opening", tab.Open(""), has("No requests yet"))

	for i, text := range corpus {
		attack(t, front, issuer, text, i%2 == 0)
	}
	raw(t, front, "GET /<script>window.hit=1</script>?"+strings.ReplaceAll(hostile[1], " ", "+")+" HTTP/1.1\r\nHost: <svg/onload=window.hit=1>\r\n\r\n")
	raw(t, front, "<img/src=x/onerror=window.hit=1> /things HTTP/1.1\r\nHost: x\r\nCookie: "+hostile[2]+"\r\nConnection: close\r\n\r\n")
	tab.Do("they are there", has("onerror=window.hit=1"), has("route.not_found"), until(`[...document.querySelectorAll(".e-status")].some((one) => one.innerText === "200")`))

	// Every one of them is opened, and every part of it shown.
	shown := browsertest.Value[float64](tab, `(async () => {
		const pause = () => new Promise((done) => setTimeout(done, 5));
		const answer = await (await fetch("api/requests?limit=500")).json();
		for (const row of answer.requests) {
			location.hash = "#/requests/" + encodeURIComponent(row.id);
			for (let i = 0; i < 400 && !document.querySelector(".detail")?.innerText.includes(row.id); i++) await pause();
			for (const one of document.querySelectorAll("details")) one.open = true;
			for (const one of document.querySelectorAll("[role=tab]")) { one.click(); await pause(); }
		}
		return answer.requests.length;
	})()`)
	if int(shown) < len(corpus) {
		t.Errorf("%v requests are shown, %d were sent", shown, len(corpus))
	}
	tab.Do("editing", press("Edit and replay"), until(`document.querySelector("dialog[open]")`), script(`document.querySelector("dialog").close()`))

	write(`"<img src=x onerror=window.hit=1>"`)
	tab.Do("a contract", has("cannot be served"), has("<img src=x onerror=window.hit=1>"))
	for _, page := range []string{"metrics", "versions", "limits", "routes", "config", "reasons/" + url.PathEscape(hostile[1]), "requests?filter=" + url.QueryEscape(hostile[1])} {
		tab.Expect("status of 400")
		tab.Do(page, script(fmt.Sprintf("location.hash = %q", "#/"+page)), until(`document.getElementById("main").innerText.length > 20`))
	}
	tab.Do("nothing ran", until(`window.hit === undefined && document.images.length === 1 && document.querySelectorAll("iframe, object, embed, base, form, style, svg, math").length === 0`))
	if got := browsertest.Value[string](tab, `[...document.scripts].map((one) => new URL(one.src).pathname).join(" ")`); got != "/js/theme.js /js/main.js /vendor/uPlot.js" && got != "/js/theme.js /js/main.js" {
		t.Errorf("the scripts are %s", got)
	}
}

// attack sends a text wherever a client can write one. With a good token it gets further.
func attack(t *testing.T, front *httptest.Server, issuer *gatewaytest.Issuer, text string, good bool) {
	t.Helper()
	body, err := json.Marshal(map[string]any{text: text, "password": text, "list": []string{text}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, front.URL+"/things?"+url.QueryEscape(text)+"="+url.QueryEscape(text), strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	if !good {
		r.URL.Path = "/things/" + text
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", fieldValue(text))
	r.Header.Set("X-Evil", fieldValue(text))
	r.Header.Set("Authorization", "Bearer "+issuer.Token(t, map[string]any{"aud": "things", "sub": text, "scope": text}))
	res, err := front.Client().Do(r)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	res.Body.Close()
}

// fieldValue takes out what a header field cannot hold.
func fieldValue(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}

// raw writes a request as it is.
func raw(t *testing.T, front *httptest.Server, text string) {
	t.Helper()
	conn, err := net.Dial("tcp", front.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	_, _ = conn.Read(make([]byte, 1024)) // whatever it is, it was recorded or refused by the server
}
