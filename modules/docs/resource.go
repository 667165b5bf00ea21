package docs

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

// resource is one file that never changes while the configuration lives. Large ones
// are kept compressed.
type resource struct {
	mediaType string
	policy    string // Content-Security-Policy
	tag       string // ETag (RFC 9110 §8.8.3)
	plain     []byte // nil if zipped is set
	zipped    []byte
}

func newResource(mediaType, policy string, content []byte) *resource {
	return &resource{mediaType: mediaType, policy: policy, tag: etag(content), plain: content}
}

// zip compresses what is worth it.
func zip(mediaType string, content []byte) (*resource, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return newZipped(mediaType, b.Bytes()), nil
}

func newZipped(mediaType string, zipped []byte) *resource {
	return &resource{mediaType: mediaType, policy: inert, tag: etag(zipped), zipped: zipped}
}

// etag is a strong validator of the content.
func etag(content []byte) string {
	sum := sha256.Sum256(content)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// inert lets a resource that is opened by itself do nothing.
const inert = "default-src 'none'; frame-ancestors 'none'"

// serve answers a GET or HEAD request.
func (f *resource) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", f.mediaType)
	header.Set("Content-Security-Policy", f.policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-cache") // may be kept, but asked for again: the ETag answers
	header.Set("Etag", f.tag)
	if f.zipped == nil {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.plain))
		return
	}
	header.Add("Vary", "Accept-Encoding")
	if takesGzip(r.Header) {
		// The compressed form has a validator of its own.
		header.Set("Etag", strings.TrimSuffix(f.tag, `"`)+`-gzip"`)
		header.Set("Content-Encoding", "gzip")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.zipped))
		return
	}
	plain, err := unzip(f.zipped)
	if err != nil {
		_ = problem.WriteError(w, r, err, exchange.RequestIDOf(r))
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(plain))
}

func unzip(zipped []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(reader)
}

// readable refuses what is neither GET nor HEAD.
func readable(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	_ = problem.Write(w, r, onlyGet, exchange.RequestIDOf(r))
	return false
}

// intoFolder redirects from a folder's name to the folder. The location is relative,
// so that it also holds behind a prefix that somebody has stripped.
func intoFolder(w http.ResponseWriter, name string) {
	w.Header().Set("Location", path.Base(name)+"/")
	w.WriteHeader(http.StatusPermanentRedirect)
}

func notFound(w http.ResponseWriter, r *http.Request) {
	_ = problem.Write(w, r, noPage, exchange.RequestIDOf(r))
}

var (
	onlyGet = &problem.Refusal{Reason: problem.RouteMethod, Header: http.Header{"Allow": {"GET, HEAD"}}}
	noPage  = &problem.Refusal{Reason: problem.RouteNotFound, Detail: "There is no such page."}
)

// takesGzip reads Accept-Encoding (RFC 9110 §12.5.3).
func takesGzip(header http.Header) bool {
	return quality(header["Accept-Encoding"], "gzip") > 0
}

// quality returns the weight that a list of preferences gives to exactly this
// member, 0 if it does not name it. What is malformed counts as not there.
func quality(fields []string, want string) float64 {
	best := 0.0
	for _, field := range fields {
		for member := range strings.SplitSeq(field, ",") {
			name, params, _ := strings.Cut(member, ";")
			if strings.EqualFold(strings.TrimSpace(name), want) {
				best = max(best, weight(params))
			}
		}
	}
	return best
}

// weight reads the parameter "q" (RFC 9110 §12.4.2).
func weight(params string) float64 {
	for param := range strings.SplitSeq(params, ";") {
		name, value, ok := strings.Cut(strings.TrimSpace(param), "=")
		if !ok || !strings.EqualFold(name, "q") {
			continue
		}
		q, err := strconv.ParseFloat(value, 64)
		if err != nil || !(q >= 0 && q <= 1) {
			return 0
		}
		return q
	}
	return 1
}

// translation is a document as YAML, made when somebody first asks for it: few do, and
// it takes longer than everything else about a large document.
type translation struct {
	of   *resource
	once sync.Once
	made *resource
	err  error
}

func (t *translation) serve(w http.ResponseWriter, r *http.Request) {
	t.once.Do(t.make)
	if t.err != nil {
		_ = problem.WriteError(w, r, t.err, exchange.RequestIDOf(r))
		return
	}
	t.made.serve(w, r)
}

func (t *translation) make() {
	var document []byte
	if document, t.err = unzip(t.of.zipped); t.err != nil {
		return
	}
	if document, t.err = toYAML(document); t.err == nil {
		t.made, t.err = zip("application/yaml", document) // RFC 9512
	}
}
