package docs

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/swaggest/swgui/v5/static"

	"gateway/internal/problem"
)

// Base is the path of the documentation unless the configuration says otherwise.
const Base = "/docs"

// Site is the documentation of the APIs of one site: Swagger UI over their effective
// documents. All of it comes from the gateway itself; the page makes no request to
// anybody else.
//
//	<base>/                       the page
//	<base>/<api>/<version>.json   the documents; <base>/<api>.json without versions
//	<base>/<api>/<version>.yaml   the same as YAML
//	<base>/<api>/changes          what its versions changed, as text for programs
//	<base>/_/...                  scripts and styles
//
// Where a document stands at a gateway, it is also beside the API that it describes:
// /v1/openapi.json and /v1/openapi.yaml, unless two documents would be.
type Site struct {
	base  string
	files map[string]file // by what follows the base and a slash
	// beside are the files outside of the base, by their path.
	beside map[string]file
}

// file is a part of the documentation.
type file interface {
	serve(w http.ResponseWriter, r *http.Request)
}

// NewSite makes the documentation under base, which has no slash at its end. It does
// not contain the pages about the reasons; see Pages.
func NewSite(base string, documents []Document) (*Site, error) {
	s := &Site{base: base, files: make(map[string]file), beside: make(map[string]file)}
	if err := checkNames(base, documents); err != nil {
		return nil, err
	}
	for _, d := range documents {
		if err := s.add(d); err != nil {
			return nil, fmt.Errorf("documenting %s: %w", d.label(), err)
		}
	}
	if err := s.changelogs(documents); err != nil {
		return nil, err
	}
	index, err := indexPage(documents)
	if err != nil {
		return nil, err
	}
	s.files[""] = newResource("text/html; charset=utf-8", sitePolicy, index)
	shared, err := assets()
	for name, asset := range shared {
		s.files[name] = asset
	}
	maps.DeleteFunc(s.beside, func(_ string, f file) bool { return f == nil })
	return s, err
}

// checkNames refuses documents that would stand in each other's place, or in that of
// the pages about the reasons.
func checkNames(base string, documents []Document) error {
	seen := make(map[string]bool)
	for _, d := range documents {
		if d.API == "errors" && base+"/errors/" == problem.PagesPath {
			return fmt.Errorf("an api called errors cannot have its documentation under %s, where the pages about the reasons are", base)
		}
		if seen[d.name()] {
			return fmt.Errorf("there are two documents called %s", d.label())
		}
		seen[d.name()] = true
	}
	return nil
}

func (s *Site) add(d Document) error {
	content, err := Effective(d)
	if err != nil {
		return err
	}
	document, err := zip("application/json", content)
	if err != nil {
		return err
	}
	translated := &translation{of: document}
	s.files[d.file()], s.files[d.name()+".yaml"] = document, translated
	if d.Public != nil {
		s.place(d.base()+"/openapi.json", document)
		s.place(d.base()+"/openapi.yaml", translated)
	}
	return nil
}

// place puts a file beside the API. A path that two documents have belongs to neither.
func (s *Site) place(path string, f file) {
	if _, taken := s.beside[path]; taken {
		f = nil
	}
	s.beside[path] = f
}

// name is where the document stands, relative to the base and without a suffix.
func (d *Document) name() string {
	if d.Version == "" {
		return d.API
	}
	return d.API + "/" + d.Version
}

func (d *Document) file() string { return d.name() + ".json" }

func (d *Document) label() string { return strings.TrimSpace(d.API + " " + d.Version) }

// Owns tells whether a path belongs to the documentation.
func (s *Site) Owns(path string) bool {
	rest, ok := strings.CutPrefix(path, s.base)
	return ok && (rest == "" || rest[0] == '/') || s.beside[path] != nil
}

// ServeHTTP implements http.Handler.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !readable(w, r) {
		return
	}
	if file := s.beside[r.URL.Path]; file != nil {
		file.serve(w, r)
		return
	}
	name, inside := strings.CutPrefix(r.URL.Path, s.base+"/")
	if !inside {
		intoFolder(w, r.URL.Path)
		return
	}
	if file := s.files[name]; file != nil {
		file.serve(w, r)
		return
	}
	notFound(w, r)
}

//go:embed index.html
var indexHTML string

//go:embed docs.js
var script []byte

//go:embed docs.css
var styles []byte

var indexTemplate = template.Must(template.New("index").Parse(indexHTML))

// sitePolicy allows the page to load from the gateway and to talk to it, which is
// what trying an operation does. Swagger UI draws icons from data URLs.
const sitePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// indexPage lists the documents, the newest version of each API first.
func indexPage(documents []Document) ([]byte, error) {
	type entry struct{ File, Label string }
	var entries []entry
	for _, d := range slices.Backward(documents) {
		entries = append(entries, entry{d.file(), d.label()})
	}
	var b bytes.Buffer
	var changed []string
	for _, d := range documents {
		if len(d.Changes) > 0 && !slices.Contains(changed, d.API) {
			changed = append(changed, d.API)
		}
	}
	err := indexTemplate.Execute(&b, map[string]any{"Documents": entries, "Reasons": problem.PagesPath, "Changed": changed})
	return b.Bytes(), err
}

// assets are what the page loads. Of Swagger UI that is not the standalone layout,
// whose top bar fetches whatever URL is typed into it.
var assets = sync.OnceValues(func() (map[string]*resource, error) {
	files := map[string]*resource{
		"_/docs.js":  newResource("text/javascript; charset=utf-8", inert, script),
		"_/docs.css": newResource("text/css; charset=utf-8", inert, styles),
	}
	for name, mediaType := range map[string]string{
		"swagger-ui-bundle.js": "text/javascript; charset=utf-8",
		"swagger-ui.css":       "text/css; charset=utf-8",
	} {
		zipped, err := fs.ReadFile(static.FS, name+".gz")
		if err != nil {
			return nil, fmt.Errorf("reading the embedded Swagger UI: %w", err)
		}
		files["_/"+name] = newZipped(mediaType, zipped)
	}
	return files, nil
})
