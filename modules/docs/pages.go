package docs

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"
	"sync"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"gateway/internal/problem"
)

// Pages serves the page of every reason, and their index, under the URLs that
// problem documents have as their type. Browsers get HTML, everybody else Markdown,
// which is meant to be read in a terminal. It needs no configuration.
type Pages struct {
	html, markdown map[string]*resource // by what follows problem.PagesPath
}

// NewPages returns the pages. They are rendered once in the life of the process.
func NewPages() (*Pages, error) { return renderedPages() }

var renderedPages = sync.OnceValues(renderPages)

func renderPages() (*Pages, error) {
	p := &Pages{html: make(map[string]*resource), markdown: make(map[string]*resource)}
	if err := p.add("", "Reasons", problem.Index()); err != nil {
		return nil, err
	}
	for _, reason := range problem.Catalogue() {
		if err := p.add(reason.Code, reason.Code, problem.Page(reason)); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *Pages) add(name, title, markdown string) error {
	html, err := render(title, markdown)
	if err != nil {
		return err
	}
	p.html[name] = newResource("text/html; charset=utf-8", pagePolicy, html)
	p.markdown[name] = newResource("text/markdown; charset=utf-8", inert, []byte(markdown))
	return nil
}

// Owns tells whether a path belongs to the pages.
func (p *Pages) Owns(path string) bool {
	return strings.HasPrefix(path, problem.PagesPath) || path == strings.TrimSuffix(problem.PagesPath, "/")
}

// ServeHTTP implements http.Handler. A name that ends in ".md" is always Markdown.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !readable(w, r) {
		return
	}
	name, inside := strings.CutPrefix(r.URL.Path, problem.PagesPath)
	if !inside {
		intoFolder(w, r.URL.Path)
		return
	}
	if plain, ok := strings.CutSuffix(name, ".md"); ok {
		if page := p.markdown[plain]; page != nil && plain != "" {
			page.serve(w, r)
			return
		}
		notFound(w, r)
		return
	}
	pages := p.markdown
	if wantsHTML(r.Header) {
		pages = p.html
	}
	if page := pages[name]; page != nil {
		w.Header().Add("Vary", "Accept")
		page.serve(w, r)
		return
	}
	notFound(w, r)
}

// wantsHTML tells whether the client prefers HTML to text. Only who says so does:
// "*/*" is what programs send.
func wantsHTML(header http.Header) bool {
	html := quality(header["Accept"], "text/html")
	return html > 0 && html >= quality(header["Accept"], "text/markdown")
}

var markdown = goldmark.New(goldmark.WithExtensions(extension.Table))

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// pagePolicy allows the page's own style sheet and nothing else (CSP Level 3).
var pagePolicy = "default-src 'none'; style-src 'sha256-" + styleHash(pageHTML) + "'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// styleHash is the hash of the one style element of a page.
func styleHash(page string) string {
	_, style, _ := strings.Cut(page, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	sum := sha256.Sum256([]byte(style))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// render makes an HTML page of Markdown. Links between the pages lose their ".md",
// which is for those who read the files.
func render(title, source string) ([]byte, error) {
	content := []byte(source)
	tree := markdown.Parser().Parse(text.NewReader(content))
	err := ast.Walk(tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if link, ok := n.(*ast.Link); ok && entering {
			link.Destination = bytes.TrimSuffix(link.Destination, []byte(".md"))
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return nil, err
	}
	var body, page bytes.Buffer
	if err := markdown.Renderer().Render(&body, content, tree); err != nil {
		return nil, err
	}
	// The Markdown is the catalogue's, and goldmark leaves no raw HTML in.
	err = pageTemplate.Execute(&page, map[string]any{"Title": title, "Body": template.HTML(body.String())})
	return page.Bytes(), err
}
