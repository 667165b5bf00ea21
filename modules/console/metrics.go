package console

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2"

	"gateway/internal/admin"
	"gateway/internal/history"
	"gateway/internal/problem"
)

// histories outlive reloads, by the address of the console.
var histories = caddy.NewUsagePool()

// lasting is a history in the pool.
type lasting struct{ *history.History }

// Destruct implements caddy.Destructor.
func (lasting) Destruct() error { return nil }

func enterHistory(address string) (*history.History, error) {
	value, _, err := histories.LoadOrNew(address, func() (caddy.Destructor, error) { return lasting{history.New(time.Now())}, nil })
	if err != nil {
		return nil, err
	}
	return value.(lasting).History, nil
}

func leaveHistory(address string) error {
	_, err := histories.Delete(address)
	return err
}

// serveMetrics answers with the last minutes as columns.
func (c *Console) serveMetrics(w http.ResponseWriter, r *http.Request) {
	form := r.URL.Query()
	minutes, err := within(form.Get("minutes"), 60, 1, 60)
	if err == nil {
		var step int
		if step, err = within(form.Get("step"), 5, 5, 300); err == nil {
			q := history.Query{Minutes: minutes, Step: step, API: form.Get("api"), Version: form.Get("version"), Method: form.Get("method"), Route: form.Get("route")}
			_ = admin.Answer(w, c.history.Ask(q, time.Now())) // whoever asked has gone
			return
		}
	}
	http.Error(w, "minutes is a number from 1 to 60, step one of seconds from 5 to 300", http.StatusBadRequest)
}

// within reads a number between two others.
func within(text string, without, low, high int) (int, error) {
	if text == "" {
		return without, nil
	}
	n, err := strconv.Atoi(text)
	if err == nil && (n < low || n > high) {
		err = strconv.ErrRange
	}
	return n, err
}

// reasonPage is one reason of the catalogue, for the page.
type reasonPage struct {
	Code   string `json:"code"`
	Status int    `json:"status"`
	Title  string `json:"title"`
	Hint   string `json:"hint"`
	About  string `json:"about"`  // Markdown: paragraphs and code spans
	Public string `json:"public"` // what the client is told instead, "" if this
}

// serveReasons answers with the catalogue: what every reason means and what to do.
func serveReasons(w http.ResponseWriter, _ *http.Request) {
	list := make([]reasonPage, 0, 64)
	for _, reason := range problem.Catalogue() {
		page := reasonPage{Code: reason.Code, Status: reason.Status, Title: reason.Title, Hint: reason.Hint, About: reason.About}
		if face := reason.Face(); face != reason {
			page.Public = face.Code
		}
		list = append(list, page)
	}
	_ = admin.Answer(w, map[string]any{"reasons": slices.Clip(list)}) // whoever asked has gone
}
