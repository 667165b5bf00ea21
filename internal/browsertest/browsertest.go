// Package browsertest drives a real browser in tests. A tab collects what the browser
// complains about and every foreign address that a page asks for, and fails its test for
// either.
package browsertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
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

const (
	// patience is how long one step of a test may wait for the page. It is long because
	// the machine may be busy; a page that is right does not need it.
	patience = 30 * time.Second
	// story is how long a whole test may use its tab.
	story = 2 * time.Minute

	width, height = 1440, 900
)

// Main runs the tests of a package that opens tabs, and then ends the browser. It is the
// TestMain of such a package.
func Main(m *testing.M) {
	shared.begin()
	code := m.Run()
	shared.end()
	os.Exit(code)
}

var errNone = errors.New("there is no Chromium; scripts/setup installs it")

// browser is the one browser of all tests of a package.
type browser struct {
	mu      sync.Mutex
	begun   bool
	started bool
	ctx     context.Context
	err     error
	close   func()
}

var shared browser

func (b *browser) begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.begun = true
}

// start starts the browser when the first tab is opened. It outlives the test of that tab,
// whose context is ctx.
//
// Errors: errNone if there is none; any other error means that it does not start.
func (b *browser) start(ctx context.Context) (context.Context, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.begun {
		return nil, errors.New("the package has no TestMain that calls browsertest.Main, which ends the browser")
	}
	if !b.started {
		b.started = true
		b.ctx, b.close, b.err = launch(context.WithoutCancel(ctx))
	}
	return b.ctx, b.err
}

func (b *browser) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.close != nil {
		b.close()
	}
}

// find returns the path of the browser, or "". The names are those of scripts/setup.
func find() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

func launch(ctx context.Context) (context.Context, func(), error) {
	chromium := find()
	if chromium == "" {
		return nil, nil, errNone
	}
	folder, err := os.MkdirTemp("", "browsertest")
	if err != nil {
		return nil, nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true),
		chromedp.UserDataDir(folder), chromedp.WindowSize(width, height), chromedp.WSURLReadTimeout(time.Minute),
	)
	ctx, end := chromedp.NewExecAllocator(ctx, options...)
	ctx, _ = chromedp.NewContext(ctx)
	stop := func() {
		_ = chromedp.Cancel(ctx) // waits until it has gone
		end()
		_ = os.RemoveAll(folder)
	}
	if err := chromedp.Do(ctx); err != nil {
		stop()
		return nil, nil, fmt.Errorf("starting %s: %w", chromium, err)
	}
	return ctx, stop, nil
}

// Tab is a page of a real browser.
type Tab struct {
	t      testing.TB
	ctx    context.Context
	origin string

	mu                 sync.Mutex
	expected           []string
	strays, complaints []string
}

// Open opens an empty tab for the pages of an origin, such as "http://127.0.0.1:2021".
// It has storage of its own. When the test ends its pages have to have asked nobody else,
// and the browser has to have complained of nothing. Where there is no browser, the test
// is skipped.
func Open(t testing.TB, origin string) *Tab {
	t.Helper()
	parent, err := shared.start(t.Context())
	if errors.Is(err, errNone) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, height)); err != nil {
		t.Fatalf("opening a tab: %v", err)
	}
	ctx, cancel = context.WithTimeout(ctx, story)
	t.Cleanup(cancel)
	tab := &Tab{t: t, ctx: ctx, origin: origin}
	if err := chromedp.Listen(ctx, tab.note); err != nil {
		t.Fatalf("listening to the browser: %v", err)
	}
	t.Cleanup(func() {
		if strays, complaints := tab.trouble(); len(strays) > 0 || len(complaints) > 0 {
			t.Errorf("the page asked elsewhere: %q; the browser complains: %q", strays, complaints)
		}
	})
	return tab
}

// note takes down an event of the browser.
func (p *Tab) note(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var complaint string
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; !strings.HasPrefix(url, p.origin+"/") && !strings.HasPrefix(url, "data:") && url != "about:blank" {
			p.strays = append(p.strays, url)
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
		for _, argument := range e.Args {
			complaint += " " + string(argument.Value)
		}
	case *page.EventJavascriptDialogOpening:
		complaint = "a dialog: " + e.Message
		// A page stands still while its dialog is open. This runs where the events come in,
		// among them the answer, so it does not wait for it; it ends with the tab.
		go func() {
			_, _ = chromedp.Call(p.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{})
		}()
	}
	if complaint != "" && !slices.ContainsFunc(p.expected, func(part string) bool { return strings.Contains(complaint, part) }) {
		p.complaints = append(p.complaints, complaint)
	}
}

// trouble returns the foreign addresses that were asked for, and what the browser
// complained about.
func (p *Tab) trouble() (strays, complaints []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.strays), slices.Clone(p.complaints)
}

// Expect names parts of complaints that are part of the story from here on, such as the
// 400 of a wrong filter.
func (p *Tab) Expect(parts ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expected = append(p.expected, parts...)
}

// Open goes to a page of the origin.
func (p *Tab) Open(path string) chromedp.Action[chromedp.Void] {
	return chromedp.Navigate(p.origin + "/" + path)
}

// Do does what a person does, and says in the failure which step it was and what the page
// shows.
func (p *Tab) Do(what string, actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, actions...); err != nil {
		text, _ := chromedp.Run(p.ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText.slice(0, 3000)`))
		strays, complaints := p.trouble()
		p.t.Fatalf("%s: %v\nasked elsewhere: %q; complaints: %q\n%s", what, err, strays, complaints, text)
	}
}

// Value is what a script says; a promise is awaited.
func Value[T any](p *Tab, script string) T {
	p.t.Helper()
	got, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", script[:min(len(script), 80)], err)
	}
	return got
}
