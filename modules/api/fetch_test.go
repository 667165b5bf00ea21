package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// unfolding is 64 MiB of spaces, small on the wire.
var unfolding = func() []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.Copy(w, io.LimitReader(endless{}, 64<<20))
	_ = w.Close()
	return b.Bytes()
}()

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestWhatIsFetched(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
	}))
	defer other.Close()
	answer := func(media, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", media)
			_, _ = io.WriteString(w, body)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/json", answer("application/json", "{}"))
	mux.Handle("/yaml", answer("application/openapi+yaml; version=3.1", "{}"))
	mux.Handle("/html", answer("text/html; charset=utf-8", "<html>"))
	mux.Handle("/nothing", answer("", "{}"))
	mux.Handle("/moved", http.RedirectHandler("/json", http.StatusFound))
	mux.Handle("/away", http.RedirectHandler(other.URL+"/json", http.StatusFound))
	mux.Handle("/circle", http.RedirectHandler("/circle", http.StatusFound))
	mux.Handle("/large", answer("application/json", strings.Repeat(" ", maxFetched+1)))
	mux.Handle("/full", answer("application/json", strings.Repeat(" ", maxFetched)))
	mux.HandleFunc("/unfolds", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(unfolding)
	})
	mux.HandleFunc("/failing", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	mux.HandleFunc("/unasked", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	mux.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "{}")
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	for path, want := range map[string]string{
		"/json":    "",
		"/yaml":    "",
		"/moved":   "",
		"/full":    "",
		"/html":    `the answer is neither JSON nor YAML: its Content-Type is "text/html; charset=utf-8"`,
		"/nothing": `the answer is neither JSON nor YAML: its Content-Type is ""`,
		"/away":    "it redirects to another host or scheme",
		"/circle":  "too many redirects",
		"/large":   "the answer is larger than 16 MiB",
		"/unfolds": "the answer is larger than 16 MiB",
		"/failing": "the answer is 500 Internal Server Error",
		"/unasked": "the answer is 304 Not Modified",
		"/cut":     "reading the answer: unexpected EOF",
	} {
		got, _, err := fetchContract(context.Background(), newContractClient(), server.URL+path, nil)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if text != want || (got == nil) != (err != nil) {
			t.Errorf("%s: got %q, want %q", path, text, want)
		}
	}
}

func TestAnAnswerOfTheServiceIsKept(t *testing.T) {
	t.Parallel()
	for name, field := range map[string][2]string{"etag": {"ETag", `"7"`}, "time": {"Last-Modified", "Tue, 24 Nov 2026 10:00:00 GMT"}} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Cache-Control", "public, max-age=120")
			w.Header().Set(field[0], field[1])
			if r.Header.Get("If-None-Match") == field[1] || r.Header.Get("If-Modified-Since") == field[1] {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			_, _ = io.WriteString(w, "{}")
		}))
		defer server.Close()
		first, lifetime, err := fetchContract(context.Background(), newContractClient(), server.URL, nil)
		if err != nil || string(first.Data) != "{}" || lifetime != 2*time.Minute {
			t.Fatalf("%s: %v %v %v", name, first, lifetime, err)
		}
		second, lifetime, err := fetchContract(context.Background(), newContractClient(), server.URL, first)
		if err != nil || second != nil || lifetime != 2*time.Minute {
			t.Errorf("%s, again: %v %v %v", name, second, lifetime, err)
		}
	}
}
