package browsertest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Script runs a script for what it does; a promise is awaited.
func Script(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := chromedp.Evaluate[any](text+";null", chromedp.EvalAwaitPromise)(ctx, target)
		return err
	})
}

// Until waits for a condition of the page.
func Until(condition string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if _, err := chromedp.Poll[bool](`Boolean(`+condition+`)`)(ctx, target); err != nil {
			return fmt.Errorf("waiting for %s: %w", condition, err)
		}
		return nil
	})
}

// Has waits for a text on the page.
func Has(text string) chromedp.Action[chromedp.Void] {
	return Until(`document.body.innerText.includes(` + strconv.Quote(text) + `)`)
}

// HasNot waits until a text is no longer on the page.
func HasNot(text string) chromedp.Action[chromedp.Void] {
	return Until(`!document.body.innerText.includes(` + strconv.Quote(text) + `)`)
}

// Press clicks on the button or link with a text.
func Press(text string) chromedp.Action[chromedp.Void] {
	find := `[...document.querySelectorAll("button, a, summary, [role=tab]")].find((one) => one.checkVisibility() && one.textContent.trim() === ` + strconv.Quote(text) + `)`
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if _, err := Until(find)(ctx, target); err != nil {
			return err
		}
		_, err := Script(find+`.click()`)(ctx, target)
		return err
	})
}

// Keys presses keys, one after the other. A key and the letter that it makes are one
// event, as a keyboard sends them: who takes the key for something else takes the letter
// too.
func Keys(text string) chromedp.Action[chromedp.Void] {
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

// Shot keeps a picture for people, if BROWSER_SCREENSHOTS names a folder for it.
func Shot(name string) chromedp.Action[chromedp.Void] {
	folder := os.Getenv("BROWSER_SCREENSHOTS")
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if folder == "" {
			return nil
		}
		picture, err := chromedp.FullScreenshot(100)(ctx, target)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644)
	})
}
