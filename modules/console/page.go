package console

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strconv"
)

//go:embed page
var embedded embed.FS

// kinds are the media types of the page's files. They are not the system's to say:
// browsers take a script of another type for nothing, and are right to.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml", ".LICENSE": "text/plain; charset=utf-8",
}

// pageFile is one file of the page.
type pageFile struct {
	kind    string
	content []byte
}

// pageFiles are those that there are, by path. A test loads every one of them.
var pageFiles = func() map[string]pageFile {
	files := map[string]pageFile{}
	err := fs.WalkDir(embedded, "page", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := embedded.ReadFile(name)
		files[name[len("page"):]] = pageFile{kinds[path.Ext(name)], content}
		return err
	})
	if err != nil {
		panic("console: " + err.Error()) // the folder is part of the binary
	}
	files["/"] = files["/index.html"]
	return files
}()

// servePage answers with a file of the page; there are no lists of them.
func servePage(w http.ResponseWriter, r *http.Request) {
	file, ok := pageFiles[r.URL.Path]
	if !ok {
		http.Error(w, "The console has no such page.", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", file.kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(file.content)))
	_, _ = w.Write(file.content) // whoever asked has gone
}
