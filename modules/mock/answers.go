package mock

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"gateway/internal/finding"
	"gateway/internal/instance"
	"gateway/internal/openapi"
	"gateway/internal/problem"
)

// answers are what one operation can answer.
type answers struct {
	operation string
	// replies are the declared responses, the one that is given unless a request asks
	// for another first.
	replies []reply
}

// reply is one declared response.
type reply struct {
	// status is as the contract has it: "200", "4XX" or "default". code is what is
	// answered unless a request asks for another.
	status string
	code   int
	header []field
	// contents are the media types that can be answered in, in the order of the
	// contract; none if the response has no content.
	contents []content
	// broken is why the response cannot be made; nil if it can.
	broken error
}

// choice is the answer to one request.
type choice struct {
	reply   *reply
	code    int
	content *content // nil if there is none
	body    []byte
	// applied are the preferences that were followed (RFC 7240 §3).
	applied string
}

// maker makes the answers of one contract.
type maker struct {
	document *instance.Document
	check    Check
	// doubts are examples that break their own schema.
	doubts finding.List
}

// answers makes the answers of an operation.
func (m *maker) answers(op *openapi.Operation) (*answers, *finding.Error) {
	a := &answers{operation: op.ID}
	for _, status := range op.Statuses() {
		declared := op.Responses[status]
		a.replies = append(a.replies, m.reply(status, &declared))
	}
	slices.SortStableFunc(a.replies, func(x, y reply) int { return cmp.Compare(x.rank(), y.rank()) })
	if len(a.replies) == 0 {
		return nil, &finding.Error{
			Message: fmt.Sprintf("the mock has no answer for %s: it declares no response", op.ID),
			At:      finding.Position(op.Source), Hint: "declare one, such as 200",
		}
	}
	return a, a.preferWhole(op)
}

// rank orders replies by how well they serve as the usual answer: a success, then a
// redirection, then the default, then a failure.
func (r *reply) rank() int {
	switch {
	case r.status == "default":
		return 4
	case r.status[0] == '2' && r.status != "2XX":
		return 0
	case r.status[0] == '2':
		return 1
	case r.status[0] == '3' && r.status != "3XX":
		return 2
	case r.status[0] == '3':
		return 3
	}
	return 5
}

// preferWhole puts the first reply of the best rank that can be made first. If none
// can, the contract has to be completed before it can be mocked.
func (a *answers) preferWhole(op *openapi.Operation) *finding.Error {
	best := a.replies[0].rank()
	for i := range a.replies {
		if r := &a.replies[i]; r.rank() == best && r.broken == nil {
			whole := *r
			a.replies = slices.Insert(slices.Delete(a.replies, i, i+1), 0, whole)
			return nil
		}
	}
	first := &a.replies[0]
	return &finding.Error{
		Message: fmt.Sprintf("the mock has no answer for %s: %s: %v", op.ID, describe(first.status), first.broken),
		At:      finding.Position(op.Responses[first.status].Source), Hint: "add an example to the contract",
	}
}

func describe(status string) string {
	if status == "default" {
		return "the default response"
	}
	return "response " + status
}

// reply makes one declared response.
func (m *maker) reply(status string, declared *openapi.Response) reply {
	r := reply{status: status, code: codeOf(status)}
	if r.header, r.broken = m.fields(declared.Headers); r.broken != nil || hasNoContent(r.code) || len(declared.Content) == 0 {
		return r
	}
	var troubles []error
	for i := range declared.Content {
		c, err := m.content(&declared.Content[i])
		if err != nil {
			troubles = append(troubles, err)
			continue
		}
		r.contents = append(r.contents, c)
	}
	if len(r.contents) == 0 {
		r.broken = troubles[0]
	}
	return r
}

// codeOf returns the code that stands for a status as declared.
func codeOf(status string) int {
	code, err := strconv.Atoi(strings.Replace(status, "XX", "00", 1))
	switch {
	case err != nil: // default
		return http.StatusOK
	case status == "3XX":
		return http.StatusFound
	}
	return code
}

// hasNoContent tells the statuses whose responses have no content (RFC 9110 §6.4.1).
func hasNoContent(code int) bool {
	return code < 200 || code == http.StatusNoContent || code == http.StatusResetContent || code == http.StatusNotModified
}

// find returns what is declared for a code, nil if nothing is (OpenAPI 3.1 §4.8.16).
func (a *answers) find(code int) *reply {
	for _, status := range []string{strconv.Itoa(code), strconv.Itoa(code/100) + "XX", "default"} {
		for i := range a.replies {
			if a.replies[i].status == status {
				return &a.replies[i]
			}
		}
	}
	return nil
}

// choose finds the answer to a request with a header.
func (a *answers) choose(header http.Header) (choice, *problem.Refusal) {
	asked := preferences(header["Prefer"])
	r, detail := a.reply(asked)
	if r == nil {
		return choice{}, &problem.Refusal{Reason: problem.MockPrefer, Detail: detail}
	}
	c := choice{reply: r, code: r.code, applied: asked.applied()}
	if asked.code != "" {
		c.code, _ = strconv.Atoi(asked.code)
	}
	if len(r.contents) == 0 || hasNoContent(c.code) {
		return c, nil
	}
	offered := r.having(asked.example)
	c.content = negotiate(header["Accept"], offered)
	if c.content == nil {
		names := make([]string, len(offered))
		for i := range offered {
			names[i] = offered[i].mediaType
		}
		return choice{}, &problem.Refusal{Reason: problem.MockAccept, Detail: "The answer comes as " + enumerate(names, "or") + "."}
	}
	c.body = c.content.sample(asked.example)
	return c, nil
}

// reply finds the response that a request asks for. Where there is none, a sentence
// says what there is.
func (a *answers) reply(asked preferred) (found *reply, detail string) {
	if asked.code == "" && asked.example == "" {
		return &a.replies[0], ""
	}
	if asked.code == "" {
		for i := range a.replies {
			if r := &a.replies[i]; len(r.having(asked.example)) > 0 {
				return r, ""
			}
		}
		return nil, a.noExample(a.replies)
	}
	code, err := strconv.Atoi(asked.code)
	if err != nil || len(asked.code) != 3 || code < 200 || code > 599 {
		return nil, "A code is a status from 200 to 599."
	}
	r := a.find(code)
	switch {
	case r == nil:
		return nil, fmt.Sprintf("%s declares %s.", a.operation, a.statuses())
	case r.broken != nil:
		return nil, fmt.Sprintf("The mock cannot make %s: %v.", describe(r.status), r.broken)
	case asked.example != "" && len(r.having(asked.example)) == 0:
		return nil, a.noExample([]reply{*r})
	}
	return r, ""
}

// noExample lists the examples that there are.
func (a *answers) noExample(replies []reply) string {
	var names []string
	for i := range replies {
		for j := range replies[i].contents {
			for _, s := range replies[i].contents[j].samples {
				if s.name != "" && !slices.Contains(names, s.name) {
					names = append(names, s.name)
				}
			}
		}
	}
	if len(names) == 0 {
		return fmt.Sprintf("%s has no examples with names there.", a.operation)
	}
	return fmt.Sprintf("The examples of %s are %s.", a.operation, enumerate(names, "and"))
}

// statuses lists what is declared.
func (a *answers) statuses() string {
	names := make([]string, len(a.replies))
	for i := range a.replies {
		names[i] = a.replies[i].status
	}
	slices.Sort(names)
	return enumerate(names, "and")
}

// enumerate writes a list as one would say it.
func enumerate(names []string, word string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " " + word + " " + names[last]
}
