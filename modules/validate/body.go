package validate

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"gateway/internal/problem"
)

// settings are the options that all operations of a handler share.
type settings struct {
	maxBody   int64
	codings   []coding
	bounds    bounds
	maxErrors int
	unknown   unknownPolicy
	responses *responseSettings // nil if responses are not looked at
}

// body is the compiled request body of an operation.
type body struct {
	required bool
	media    []media // exact types before ranges
	// These refusals are the same every time: coded is for a content coding that is not
	// decoded here, unread for any on a body that is not looked into.
	wrongType, missing, coded, unread, tooLarge *problem.Refusal
	untyped                                     [typeFaults]*problem.Refusal
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
	for fault, what := range typeDetails {
		refusal := *b.wrongType
		refusal.Detail = what + refusal.Detail
		b.untyped[fault] = &refusal
	}
	b.coded, b.unread = refuseCoding(s.codings), refuseCoding(nil)
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

// content is what the head of a request says about its body.
type content struct {
	declared *media
	kind     contentKind
	coding   coding
	boundary string
}

// content finds what the body of a request is, as the contract has it.
func (o *operation) content(header http.Header) (ct content, refusal *problem.Refusal) {
	b := o.body
	var accepted bool
	if ct.coding, accepted = codingOf(header["Content-Encoding"], o.settings.codings); !accepted {
		return ct, b.coded
	}
	named := parseContentType(header["Content-Type"], b.media)
	ct.declared, ct.boundary = b.find(named.mediaType), named.boundary
	if named.fault != typeUndeclared || ct.declared == nil {
		return ct, b.untyped[named.fault]
	}
	ct.kind = ct.declared.kind
	if strings.Contains(ct.declared.name, "*") && ct.kind != contentOpaque {
		if ct.kind = kindOfContent(named.mediaType); ct.kind == contentMultipart {
			ct.kind = contentForeign // a range does not say how parts are encoded
		}
	}
	if ct.kind == contentForeign {
		return ct, b.wrongType
	}
	if ct.coding != "" && (ct.kind == contentOpaque || ct.kind == contentMultipart) {
		return ct, b.unread
	}
	return ct, nil
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
	ct, refusal := o.content(r.Header)
	if refusal != nil {
		return refusal
	}
	if r.ContentLength > o.settings.maxBody {
		return b.tooLarge
	}
	if ct.kind == contentOpaque {
		limitBody(r, o.settings.maxBody, b.tooLarge)
		return nil
	}
	if ct.kind == contentMultipart {
		return o.checkUpload(r, &ct, version)
	}
	body, tooLarge, err := readBody(r, o.settings.maxBody)
	switch {
	case tooLarge:
		return b.tooLarge
	case err != nil:
		return unreadable(err)
	}
	return o.checkSent(body, &ct, version)
}

// checkSent checks a body that was read.
func (o *operation) checkSent(body *sent, ct *content, version string) *problem.Refusal {
	bound := int(body.size)
	if ct.coding != "" {
		bound = decodedBound(bound, o.settings.maxBody)
	}
	c := newCheck(bound)
	defer c.release()
	c.bounds, c.version = &o.settings.bounds, version
	var data []byte
	data, c.whole = body.bytes(c.whole)
	if ct.coding != "" {
		var refusal *problem.Refusal
		if data, refusal = o.decode(c, ct.coding, data, bound); refusal != nil {
			return refusal
		}
	}
	return o.checkContent(c, alias(data), ct.declared, ct.kind)
}

// checkContent checks a body as what it is.
func (o *operation) checkContent(c *check, text string, declared *media, kind contentKind) *problem.Refusal {
	c.reset()
	switch kind {
	case contentJSON:
		return o.checkJSON(c, text, declared.schema)
	case contentText:
		c.append(text, kindOfText(text, declared.schema.kindsOr(typeString), false))
		return o.checkDocument(c, c.finish(), declared.schema)
	}
	sent, wrong := formPairs(text)
	if wrong != nil {
		return o.refuseBody(c, wrong)
	}
	return o.checkForm(c, sent, declared)
}

// checkForm reads a form. Text that could be a number or a string is read as a number
// first; if that does not pass, as a string.
func (o *operation) checkForm(c *check, sent []part, declared *media) *problem.Refusal {
	c.reset()
	refusal := o.checkFields(c, sent, declared)
	if refusal == nil || !declared.form.ambiguous {
		return refusal
	}
	c.reset()
	c.preferText = true
	if o.checkFields(c, sent, declared) == nil {
		return nil
	}
	return refusal
}

func (o *operation) checkFields(c *check, sent []part, declared *media) *problem.Refusal {
	if list := declared.form.build(c, sent); list != nil {
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
	if s.covered && d.accepted(s.node) {
		return nil
	}
	failed, err := s.explain(d)
	if err == errExhausted {
		return tooComplex
	}
	if err != nil {
		return &problem.Refusal{Reason: problem.SchemaBody, Detail: "The body cannot be checked.", Cause: err}
	}
	if failed == nil {
		return nil
	}
	return o.refuseBody(c, violations(failed, d.decode(0)))
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

// unreadable is the refusal of a body that ended early or could not be read.
func unreadable(err error) *problem.Refusal {
	return &problem.Refusal{Reason: problem.SchemaNotJSON, Detail: "The body could not be read to its end.", Cause: err}
}
