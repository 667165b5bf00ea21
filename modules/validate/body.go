package validate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"gateway/internal/problem"
)

// settings are the options that all operations of a handler share.
type settings struct {
	maxBody   int64
	bounds    bounds
	maxErrors int
	unknown   unknownPolicy
}

// body is the compiled request body of an operation.
type body struct {
	required bool
	media    []media // exact types before ranges
	// wrongType, missing and coded are the refusals that are the same every time.
	wrongType, missing, coded *problem.Refusal
	tooLarge                  *problem.Refusal
}

// media is one declared media type.
type media struct {
	name   string
	kind   contentKind
	schema *schema // nil accepts everything
	form   *form   // of contentForm and contentMultipart
}

// prepare makes the refusals of a body. about names what the body belongs to.
func (b *body) prepare(about string, s *settings) {
	var accepted []string
	for i := range b.media {
		if b.media[i].kind != contentForeign {
			accepted = append(accepted, b.media[i].name)
		}
	}
	if len(b.media) == 0 {
		// A body that nobody validates could be read by a service that looks anyway.
		b.wrongType = &problem.Refusal{Reason: problem.SchemaContentType, Detail: about + " takes no body."}
		return
	}
	b.wrongType = &problem.Refusal{
		Reason: problem.SchemaContentType,
		Detail: fmt.Sprintf("%s takes %s.", about, enumerate(accepted)),
		Header: http.Header{"Accept": {strings.Join(accepted, ", ")}}, // RFC 9110 §15.5.16
	}
	b.coded = &problem.Refusal{Reason: problem.SchemaEncoding, Header: http.Header{"Accept-Encoding": {"identity"}}}
	whole := ""
	b.missing = &problem.Refusal{
		Reason: problem.SchemaBody, Detail: about + " needs a body.",
		Violations: []problem.Violation{{Pointer: &whole, Rule: "required", Message: "is required"}},
	}
	b.tooLarge = &problem.Refusal{
		Reason: problem.SchemaTooLarge, Detail: fmt.Sprintf("The limit is %d bytes.", s.maxBody),
	}
}

// find returns the declared media type that a request's falls under, or nil.
func (b *body) find(mediaType string) *media {
	for i := range b.media {
		if matchesRange(b.media[i].name, mediaType) {
			return &b.media[i]
		}
	}
	return nil
}

// checkBody checks the body of a request and leaves it for the next handler as it
// came, byte for byte.
func (o *operation) checkBody(r *http.Request, version string) *problem.Refusal {
	b := o.body
	present, err := hasBody(r)
	switch {
	case err != nil:
		return unreadable(err)
	case !present && b.required:
		return b.missing
	case !present:
		return nil
	case len(b.media) == 0: // the operation declares none
		return b.wrongType
	}
	if encoded(r.Header["Content-Encoding"]) {
		return b.coded
	}
	ct := parseContentType(r.Header["Content-Type"], b.media)
	declared := b.find(ct.mediaType)
	if !ct.ok || declared == nil {
		return b.wrongType
	}
	kind := declared.kind
	if strings.Contains(declared.name, "*") && kind != contentOpaque {
		if kind = kindOfContent(ct.mediaType); kind == contentMultipart {
			kind = contentForeign // a range does not say how parts are encoded
		}
	}
	if kind == contentForeign {
		return b.wrongType
	}
	if r.ContentLength > o.settings.maxBody {
		return b.tooLarge
	}
	if kind == contentOpaque {
		limitBody(r, o.settings.maxBody, b.tooLarge)
		return nil
	}
	return o.checkContent(r, declared, kind, ct.boundary, version)
}

// checkContent reads the body and checks it as what it is.
func (o *operation) checkContent(r *http.Request, declared *media, kind contentKind, boundary, version string) *problem.Refusal {
	text, tooLarge, err := readBody(r, o.settings.maxBody)
	if tooLarge {
		return o.body.tooLarge
	}
	if err != nil {
		return unreadable(err)
	}
	c := checks.Get().(*check)
	defer c.release()
	c.bounds, c.version = &o.settings.bounds, version
	c.reset()
	switch kind {
	case contentJSON:
		return o.checkJSON(c, text, declared.schema)
	case contentText:
		c.append(text, kindOfText(text, declared.schema.kindsOr(typeString), false))
		return o.checkDocument(c, c.finish(), declared.schema)
	}
	return o.checkForm(c, text, boundary, declared)
}

// checkForm reads a form. Text that could be a number or a string is read as a number
// first; if that does not pass, as a string.
func (o *operation) checkForm(c *check, text, boundary string, declared *media) *problem.Refusal {
	refusal := o.checkFields(c, text, boundary, declared)
	if refusal == nil || !declared.form.ambiguous {
		return refusal
	}
	c.reset()
	c.preferText = true
	if o.checkFields(c, text, boundary, declared) == nil {
		return nil
	}
	return refusal
}

func (o *operation) checkFields(c *check, text, boundary string, declared *media) *problem.Refusal {
	if list := declared.form.read(c, text, boundary); list != nil {
		return o.refuseBody(c, list)
	}
	return o.checkDocument(c, c.finish(), declared.schema)
}

// checkJSON reads text as strict JSON before the schema sees it.
func (o *operation) checkJSON(c *check, text string, s *schema) *problem.Refusal {
	c.document.text = text
	if err := c.scan(c.bounds); err != nil {
		line, column := err.place(text)
		return &problem.Refusal{
			Reason: err.reason,
			Detail: "Line " + strconv.Itoa(line) + ", column " + strconv.Itoa(column) + ": " + err.what + ".",
			Cause:  err,
		}
	}
	return o.checkDocument(c, c.document, s)
}

func (o *operation) checkDocument(c *check, d *document, s *schema) *problem.Refusal {
	if s == nil {
		return nil
	}
	if s.covered {
		if d.accepted(s.node) {
			return nil
		}
		if d.exhausted() {
			return tooComplex
		}
	}
	root := d.decode(0)
	failed, err := s.explain(root)
	if err != nil {
		return &problem.Refusal{Reason: problem.SchemaBody, Detail: "The body cannot be checked.", Cause: err}
	}
	if failed == nil {
		return nil
	}
	return o.refuseBody(c, violations(failed, root))
}

var tooComplex = &problem.Refusal{
	Reason: problem.SchemaTooDeep, Detail: "The body fits too many alternatives of the contract in part to be checked.",
}

func (o *operation) refuseBody(c *check, list []violation) *problem.Refusal {
	refusal := &problem.Refusal{
		Reason: problem.SchemaBody, Violations: bodyViolations(list),
		Detail: plural(len(list), "problem", "problems") + " in the body of " + describe(o.name, c.version) + ".",
	}
	o.cap(refusal)
	return refusal
}

// kindsOr returns the types that the schema takes, or others if it says nothing.
func (s *schema) kindsOr(others types) types {
	if s == nil || s.node.kinds() == anyType {
		return others
	}
	return s.node.kinds()
}

// hasBody tells whether a request has a body of at least one byte. Where the length
// is not declared, one byte is read ahead.
func hasBody(r *http.Request) (bool, error) {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return false, nil
	}
	if r.ContentLength > 0 {
		return true, nil
	}
	var first [1]byte
	if _, err := io.ReadFull(r.Body, first[:]); err != nil {
		if err == io.EOF {
			r.Body, r.ContentLength = http.NoBody, 0
			return false, nil
		}
		return false, err
	}
	r.Body = &prefixed{Reader: io.MultiReader(bytes.NewReader(first[:]), r.Body), Closer: r.Body}
	return true, nil
}

// prefixed is a body of which a part was read already.
type prefixed struct {
	io.Reader
	io.Closer
}

// encoded tells that a body has a content coding (RFC 9110 §8.4).
func encoded(fields []string) bool {
	for _, field := range fields {
		if field != "" && !strings.EqualFold(field, "identity") {
			return true
		}
	}
	return false
}

// trusted is up to which declared length memory is set aside before anything has
// arrived; a client may declare more than it sends.
const trusted = 1 << 20

// readBody reads the body up to limit bytes and puts it back: the next handler reads
// the same bytes, and the proxy may read them again for a second attempt. What is
// too large is put back as well, because the policy may only be reporting.
func readBody(r *http.Request, limit int64) (text string, tooLarge bool, err error) {
	original := r.Body
	var data []byte
	if r.ContentLength > 0 && r.ContentLength <= trusted {
		data = make([]byte, r.ContentLength)
		_, err = io.ReadFull(original, data)
	} else {
		data, err = io.ReadAll(io.LimitReader(original, limit+1))
	}
	if _, limited := errors.AsType[*http.MaxBytesError](err); limited {
		return "", true, nil
	}
	if err != nil {
		return "", false, err
	}
	if int64(len(data)) > limit {
		r.Body = &prefixed{Reader: io.MultiReader(bytes.NewReader(data), original), Closer: original}
		return "", true, nil
	}
	replay := &replayed{original: original}
	replay.Reset(data)
	r.Body, r.ContentLength = replay, int64(len(data))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	return alias(data), false, nil
}

// replayed is a body that was read and is read again.
type replayed struct {
	bytes.Reader
	original io.Closer
}

// Close implements io.Closer.
func (b *replayed) Close() error { return b.original.Close() }

// limitBody bounds a body that is passed on unread.
func limitBody(r *http.Request, limit int64, tooLarge *problem.Refusal) {
	if r.ContentLength < 0 {
		r.Body = &limited{r.Body, limit, tooLarge}
	}
}

// limited is a body that fails with a refusal once it is longer than it may be. The
// proxy hands the error back unchanged.
type limited struct {
	io.ReadCloser
	left     int64
	tooLarge *problem.Refusal
}

// Read implements io.Reader.
func (l *limited) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, l.tooLarge.HandlerError()
	}
	return n, err
}

// unreadable is the refusal of a body that ended early or could not be read.
func unreadable(err error) *problem.Refusal {
	return &problem.Refusal{Reason: problem.SchemaNotJSON, Detail: "The body could not be read to its end.", Cause: err}
}
