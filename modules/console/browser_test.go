package console_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// TestPage looks at the page as a person does, in a real browser: it is empty and says
// what to do, a hostile request appears as text, a broken contract shows its frame and
// clears itself, nobody else is asked, and nothing overflows on a phone.
func TestPage(t *testing.T) {
	const chromium = "/usr/bin/chromium"
	if _, err := os.Stat(chromium); err != nil {
		t.Skipf("there is no browser at %s", chromium)
	}
	dir, address := t.TempDir(), freeAddress(t)
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

	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1440, 900))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var strays, complaints []string
	if err := chromedp.Listen(ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if !strings.HasPrefix(e.Request.URL, "http://"+address+"/") {
				strays = append(strays, e.Request.URL)
			}
		case *log.EventEntryAdded:
			complaints = append(complaints, e.Entry.Text)
		case *runtime.EventExceptionThrown:
			complaints = append(complaints, e.ExceptionDetails.Text)
		case *page.EventJavascriptDialogOpening:
			complaints = append(complaints, "a dialog: "+e.Message)
		}
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	step := func(what string, actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatalf("%s: %v\n%v", what, err, complaints)
		}
	}
	step("opening", chromedp.Navigate("http://"+address+"/"), has("served as written"), has("No request has come"))

	hostile := httptest.NewRequest(http.MethodGet, "/things", nil)
	hostile.Method = "<img/src=x/onerror=alert(1)>"
	gw.Serve(hostile)
	gw.Do("GET", "/things?limit=x")
	step("what was refused", has("schema.query"), has("<img/src=x/onerror=alert(1)>"))

	put(strings.Replace(string(good), "type: integer", "type: integr", 1))
	step("a broken contract", has("the contract before is served"), has("did you mean integer?"), shot("console.png"))
	put(string(good))
	step("its repair", has("served as written"))

	step("the filter", chromedp.SendKeys(chromedp.CSS("#filter"), "route.method"), until(`!document.getElementById("requests").innerText.includes("schema.query")`))
	step("a phone", chromedp.EmulateViewport(360, 740), until(`innerWidth === 360`), shot("console-360.png"))
	step("nothing was injected, nothing overflows", until(`document.images.length === 0 && document.documentElement.scrollWidth <= innerWidth`))
	mu.Lock()
	defer mu.Unlock()
	if len(strays) > 0 || len(complaints) > 0 {
		t.Errorf("asked elsewhere: %v; complaints: %v", strays, complaints)
	}
}

// until waits for a condition of the page.
func until(condition string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := chromedp.Poll[bool](condition)(ctx, target)
		return err
	})
}

// has waits for a text on the page.
func has(text string) chromedp.Action[chromedp.Void] {
	return until(`document.body.innerText.includes(` + strconv.Quote(text) + `)`)
}

// shot keeps a picture for people, if CONSOLE_SCREENSHOTS names a folder for it.
func shot(name string) chromedp.Action[chromedp.Void] {
	folder := os.Getenv("CONSOLE_SCREENSHOTS")
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
