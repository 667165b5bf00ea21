package validate

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"gateway/internal/finding"
	"gateway/internal/openapi"
	"gateway/internal/problem"
)

// maxFields bounds the parts of an upload that are no files, together with all names,
// in bytes: these are held in memory.
const maxFields = 1 << 20

// checkUpload reads a multipart form to its end, checking the parts as they arrive.
// Nothing goes to the service before the last part was checked. What breaks the
// contract in a file ends the reading: there may be gigabytes to come.
func (o *operation) checkUpload(r *http.Request, ct *content, version string) *problem.Refusal {
	u := &upload{operation: o, form: ct.declared.form, from: r.Body, body: newSent(r.Body), limit: o.settings.maxBody}
	err := u.read(ct.boundary)
	u.restore(r)
	c := newCheck(u.fields)
	defer c.release()
	c.bounds, c.version = &o.settings.bounds, version
	if err != nil {
		return u.refuse(c, err)
	}
	return o.checkForm(c, u.parts, ct.declared)
}

// place makes sure that there is a place for the uploads of an operation.
func (b *body) place(op *openapi.Operation, s *settings) error {
	uploads := slices.ContainsFunc(b.media, func(m media) bool { return m.kind == contentMultipart })
	if !uploads || s.maxBody <= spoolMemory {
		return nil
	}
	err := probeSpool()
	if err == nil {
		return nil
	}
	return &finding.Error{
		Message: fmt.Sprintf("uploads to %s wait in a file until they are checked, and none can be made: %v", op.ID, cause(err)),
		Hint:    "make the folder for temporary files writable, or name another in the environment variable TMPDIR; with max_body 256KiB no file is needed",
		At:      finding.Position(op.Body.Source),
	}
}

// upload is a multipart form on its way.
type upload struct {
	operation *operation
	form      *form
	from      io.Reader
	body      *sent
	limit     int64
	parts     []part
	fields    int  // bytes of maxFields
	ended     bool // everything has been read
}

var (
	errTooLarge = errors.New("the body is too large")
	errFields   = errors.New("the fields are too large")
)

// Read implements io.Reader: it gives the parser what the body keeps for the service.
func (u *upload) Read(p []byte) (int, error) {
	n, err := u.from.Read(p)
	u.ended = err == io.EOF
	if lost := u.body.write(p[:n]); lost != nil {
		u.from = lostBody{lost}
		return n, lost
	}
	if u.body.size > u.limit {
		return n, errTooLarge
	}
	return n, err
}

// lostBody is what follows a part of a body that could not be kept: nobody may take the
// rest for the whole.
type lostBody struct{ err error }

// Read implements io.Reader.
func (l lostBody) Read([]byte) (int, error) { return 0, l.err }

// read reads all parts.
//
// Errors: errTooLarge, errFields, errSpool, a formError, a *violation, or what reading
// the connection gave.
func (u *upload) read(boundary string) error {
	reader, err := newPartReader(u, boundary)
	if err != nil {
		return err
	}
	for {
		head, err := reader.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if len(u.parts) == maxPairs {
			return formError("has too many parts")
		}
		if err := u.part(reader, head); err != nil {
			return err
		}
	}
}

// part reads the content of a part. Of files only the length is kept.
func (u *upload) part(reader *partReader, head partHead) error {
	if u.fields += len(head.name); u.fields > maxFields {
		return errFields
	}
	declared := u.form.owner(head.name)
	sent := part{pair: pair{name: head.name}, mediaType: head.mediaType, file: declared.takesFile(&head)}
	if v := declared.refusesPart(&head, sent.file); v != nil {
		return v
	}
	var text strings.Builder
	err := reader.content(func(piece []byte) error {
		sent.size += int64(len(piece))
		if sent.file {
			if v := declared.exceeded(sent.size); v != nil {
				return v
			}
			return nil
		}
		if u.fields += len(piece); u.fields > maxFields {
			return errFields
		}
		text.Write(piece)
		return nil
	})
	sent.raw = text.String()
	u.parts = append(u.parts, sent)
	return err
}

// restore puts the body back, for the service, or for whoever only reports.
func (u *upload) restore(r *http.Request) {
	u.body.block = u.body.first
	if u.ended {
		r.Body, r.ContentLength, r.GetBody = u.body, u.body.size, u.body.again
		return
	}
	r.Body = &prefixed{Reader: io.MultiReader(u.body, u.from), Closer: u.body}
}

func (u *upload) refuse(c *check, err error) *problem.Refusal {
	switch err := err.(type) {
	case formError:
		return u.operation.refuseBody(c, malformed(string(err)))
	case *violation:
		return u.operation.refuseBody(c, []violation{*err})
	}
	_, limited := errors.AsType[*http.MaxBytesError](err)
	switch {
	case err == errTooLarge, limited:
		return u.operation.body.tooLarge
	case err == errFields:
		return fieldsTooLarge
	case errors.Is(err, errSpool):
		return &problem.Refusal{
			Reason: problem.SchemaTooLarge, Status: http.StatusServiceUnavailable, Detail: "There is no room for the upload at the moment.",
			RetryAfter: spoolRetry, Cause: err,
		}
	}
	return unreadable(err)
}

// spoolRetry is when there may be room again.
const spoolRetry = 2 * time.Second

var fieldsTooLarge = &problem.Refusal{
	Reason: problem.SchemaTooLarge, Detail: fmt.Sprintf("The parts that are no files may have %d bytes together.", maxFields),
}
