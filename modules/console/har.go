package console

import (
	"net/http"
	"slices"

	"gateway/internal/har"
	"gateway/internal/recording"
)

// serveHAR downloads one request as an HTTP archive.
func (c *Console) serveHAR(w http.ResponseWriter, r *http.Request) {
	if entry := c.entry(w, r); entry != nil {
		download(w, []*recording.Entry{entry})
	}
}

// serveHARs downloads all requests that a filter wants, oldest first.
func (c *Console) serveHARs(w http.ResponseWriter, r *http.Request) {
	wanted, ok := filterOf(w, r)
	if !ok {
		return
	}
	entries := c.recording.Entries()
	entries = slices.DeleteFunc(entries, func(e *recording.Entry) bool { return !wanted.Match(&e.Row) })
	slices.Reverse(entries)
	download(w, entries)
}

func download(w http.ResponseWriter, entries []*recording.Entry) {
	w.Header().Set("Content-Disposition", `attachment; filename="gateway.har"`)
	answer(w, http.StatusOK, har.Of(version(), entries...))
}
