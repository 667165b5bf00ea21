package console_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// tab is a page of a real browser, with everything that it complains about and every
// foreign address that it asks for.
type tab struct {
	t      *testing.T
	ctx    context.Context
	origin string
	// expected are parts of complaints that are part of the story, such as the 400 of a wrong filter.
	expected []string

	mu                 sync.Mutex
	strays, complaints []string
}

// browser starts the one browser of all tests. Every tab has a window of its own there, with storage of its own.
var browser = sync.OnceValues(func() (context.Context, error) {
	const chromium = "/usr/bin/chromium"
	if _, err := os.Stat(chromium); err != nil {
		return nil, fmt.Errorf("there is no browser at %s", chromium)
	}
	folder, err := os.MkdirTemp("", "console-browser")
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.UserDataDir(folder), chromedp.WindowSize(1440, 900))
	ctx, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ = chromedp.NewContext(ctx)
	closeBrowser = func() {
		_ = chromedp.Cancel(ctx) // waits until it has gone
		end()
		_ = os.RemoveAll(folder)
	}
	return ctx, chromedp.Do(ctx)
})

var closeBrowser = func() {}

func TestMain(m *testing.M) {
	code := m.Run()
	closeBrowser()
	os.Exit(code)
}

// newTab opens the console at an address. When the test ends it has to have complained of nothing
// and asked nobody else.
func newTab(t *testing.T, address string) *tab {
	t.Helper()
	parent, err := browser()
	if err != nil {
		t.Skip(err)
	}
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1440, 900)); err != nil {
		t.Fatal(err)
	}
	tab := &tab{t: t, origin: "http://" + address}
	if err := chromedp.Listen(ctx, tab.note); err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	tab.ctx = ctx
	t.Cleanup(func() {
		tab.mu.Lock()
		defer tab.mu.Unlock()
		if len(tab.strays) > 0 || len(tab.complaints) > 0 {
			t.Errorf("asked elsewhere: %v; complaints: %v", tab.strays, tab.complaints)
		}
	})
	return tab
}

func (p *tab) note(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var complaint string
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, p.origin+"/") && e.Request.URL != "about:blank" {
			p.strays = append(p.strays, e.Request.URL)
		}
	case *log.EventEntryAdded:
		complaint = e.Entry.Text + " " + e.Entry.URL
	case *runtime.EventExceptionThrown:
		complaint = e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			complaint += " " + e.ExceptionDetails.Exception.Description
		}
	case *runtime.EventConsoleAPICalled:
		complaint = fmt.Sprintf("console.%s", e.Type)
	case *page.EventJavascriptDialogOpening:
		complaint = "a dialog: " + e.Message
	}
	if complaint != "" && !slices.ContainsFunc(p.expected, func(part string) bool { return strings.Contains(complaint, part) }) {
		p.complaints = append(p.complaints, complaint)
	}
}

// expect names complaints that are part of the story.
func (p *tab) expect(parts ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expected = append(p.expected, parts...)
}

// do does what a person does, and says in the failure which step it was.
func (p *tab) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, actions...); err != nil {
		text, _ := chromedp.Run(p.ctx, chromedp.Evaluate[string](`location.hash + "\n" + document.body.innerText.slice(0, 3000)`))
		p.t.Fatalf("%s: %v\n%v\n%s", what, err, p.complaints, text)
	}
}

// open goes to a page of the console.
func (p *tab) open(path string) chromedp.Action[chromedp.Void] {
	return chromedp.Navigate(p.origin + "/" + path)
}

// value is what a script says.
func value[T any](p *tab, script string) T {
	p.t.Helper()
	got, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", script[:min(len(script), 80)], err)
	}
	return got
}

// script runs a script.
func script(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := chromedp.Evaluate[any](text+";null", chromedp.EvalAwaitPromise)(ctx, target)
		return err
	})
}

// until waits for a condition of the page.
func until(condition string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
		defer cancel()
		if _, err := chromedp.Poll[bool](`Boolean(`+condition+`)`)(ctx, target); err != nil {
			return fmt.Errorf("waiting for %s: %w", condition, err)
		}
		return nil
	})
}

// has waits for a text on the page, hasNot until it has gone.
func has(text string) chromedp.Action[chromedp.Void] {
	return until(`document.body.innerText.includes(` + strconv.Quote(text) + `)`)
}

func hasNot(text string) chromedp.Action[chromedp.Void] {
	return until(`!document.body.innerText.includes(` + strconv.Quote(text) + `)`)
}

// press clicks on the button or link with a text.
func press(text string) chromedp.Action[chromedp.Void] {
	find := `[...document.querySelectorAll("button, a, summary, [role=tab]")].find((one) => one.checkVisibility() && one.textContent.trim() === ` + strconv.Quote(text) + `)`
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if _, err := until(`Boolean(`+find+`)`)(ctx, target); err != nil {
			return err
		}
		_, err := script(find+`.click()`)(ctx, target)
		return err
	})
}

// keys presses keys, one after the other. A key and the letter that it makes are one event, as a keyboard sends
// them: who takes the key for something else takes the letter too.
func keys(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		for _, letter := range text {
			events := kb.Encode(letter)
			down, up := *events[0], *events[len(events)-1]
			if len(events) == 3 {
				down.Text, down.UnmodifiedText = events[1].Text, events[1].UnmodifiedText
			}
			for _, event := range []input.DispatchKeyEventParams{down, up} {
				if _, err := cdp.Call(ctx, target, input.DispatchKeyEvent, event); err != nil {
					return err
				}
			}
		}
		return nil
	})
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
		return os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644)
	})
}
