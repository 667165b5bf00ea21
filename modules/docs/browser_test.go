package docs

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser starts a real browser and returns a tab, with everything that it complains
// about and every address that it asks for.
func browser(t *testing.T) (context.Context, *journal) {
	t.Helper()
	const chromium = "/usr/bin/chromium"
	if _, err := os.Stat(chromium); err != nil {
		t.Skipf("there is no browser at %s", chromium)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1200, 900),
	)
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // opens the tab, outside of the time limit
		t.Fatalf("starting the browser: %v", err)
	}
	j := new(journal)
	if err := chromedp.Listen(ctx, j.note); err != nil {
		t.Fatalf("listening to the browser: %v", err)
	}
	ctx, cancel = context.WithTimeout(ctx, 30*time.Second)
	t.Cleanup(cancel)
	return ctx, j
}

// journal is what a browser did besides showing pages.
type journal struct {
	mu         sync.Mutex
	requests   []string
	complaints []string
}

func (j *journal) note(event any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		j.requests = append(j.requests, e.Request.URL)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			j.complaints = append(j.complaints, e.Entry.Text+" "+e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		j.complaints = append(j.complaints, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			for _, arg := range e.Args {
				j.complaints = append(j.complaints, string(arg.Value))
			}
		}
	}
}

// read returns the addresses outside of origin that were asked for, and what the
// browser complained about.
func (j *journal) read(origin string) (strays, complaints []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, url := range j.requests {
		if !strings.HasPrefix(url, origin+"/") && !strings.HasPrefix(url, "data:") {
			strays = append(strays, url)
		}
	}
	return strays, slices.Clone(j.complaints)
}

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
		case r.URL.Path == "/bad":
			_, _ = w.Write([]byte(badPage))
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
	ctx, seen := browser(t)

	run(t, ctx, "opening the documentation",
		chromedp.Navigate(server.URL+"/docs"),
		chromedp.WaitVisible(chromedp.CSS(".opblock-summary-path")),
	)
	operations := get(t, ctx, chromedp.Evaluate[int](`document.querySelectorAll(".opblock").length`))
	chosen := get(t, ctx, chromedp.Value(chromedp.CSS("#document")))
	if operations != 2 || chosen != "users.json" {
		t.Errorf("%d operations of %s are shown, want 2 of users.json", operations, chosen)
	}
	run(t, ctx, "choosing a version",
		evaluate(`{
			const select = document.getElementById("document");
			select.value = "orders/v1.json";
			select.dispatchEvent(new Event("change"));
		}`),
		chromedp.WaitVisible(chromedp.CSS(".opblock-deprecated")),
	)
	if address := get(t, ctx, chromedp.Location()); !strings.HasSuffix(address, "/docs/?document=orders%2Fv1.json") {
		t.Errorf("the address is %s", address)
	}
	run(t, ctx, "trying an operation",
		chromedp.Click(chromedp.CSS("#operations-default-health .opblock-summary-control")),
		chromedp.WaitVisible(chromedp.CSS(".try-out__btn")),
		screenshot("docs.png"),
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
	run(t, ctx, "reading about a reason",
		chromedp.Navigate(server.URL+"/docs/errors/"),
		chromedp.Click(chromedp.CSS(`a[href="auth.missing"]`)),
		chromedp.WaitVisible(chromedp.CSS("h2")),
		screenshot("reason.png"),
	)
	heading := get(t, ctx, chromedp.Text(chromedp.CSS("h1")))
	family := get(t, ctx, chromedp.Evaluate[string](`getComputedStyle(document.body).fontFamily`))
	if heading != "auth.missing" || !strings.Contains(family, "system-ui") {
		t.Errorf("the page is called %q and written in %s", heading, family)
	}
	if strays, complaints := seen.read(server.URL); len(strays)+len(complaints) > 0 {
		t.Errorf("the pages ask %q, and the browser complains: %q", strays, complaints)
	}
	run(t, ctx, "opening a page that is not ours", chromedp.Navigate(server.URL+"/bad"))
	if strays, complaints := seen.read(server.URL); len(strays) == 0 || len(complaints) == 0 {
		t.Errorf("this test sees nothing: %q, %q", strays, complaints)
	}
}

const badPage = `<!doctype html><img src="http://127.0.0.1:1/stray"><script>console.error("no")</script>`

// run does several things in the tab.
func run(t *testing.T, ctx context.Context, what string, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// get asks the tab for a value.
func get[T any](t *testing.T, ctx context.Context, action chromedp.Action[T]) T {
	t.Helper()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// evaluate runs a script for what it does.
func evaluate(script string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := chromedp.Evaluate[any](script)(ctx, target)
		return err
	})
}

// screenshot keeps a picture for people, if DOCS_SCREENSHOTS names a folder for it.
func screenshot(name string) chromedp.Action[chromedp.Void] {
	folder := os.Getenv("DOCS_SCREENSHOTS")
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if folder == "" {
			return nil
		}
		picture, err := chromedp.FullScreenshot(100)(ctx, target)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(folder, name), picture, 0o644)
	})
}
