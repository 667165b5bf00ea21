package docs

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"gateway/internal/openapi"
	"gateway/internal/problem"
)

// refuse adds the problem responses that the contract does not declare itself. The
// ranges and the default of a contract speak of the service, so they hide nothing.
func (e *effective) refuse(op *openapi.Operation, responses *members) error {
	byStatus := make(map[int][]*problem.Reason)
	for _, reason := range problem.Catalogue() {
		face := reason.Face()
		if e.applies(face, op) && !slices.Contains(byStatus[face.Status], face) {
			byStatus[face.Status] = append(byStatus[face.Status], face)
		}
	}
	for _, status := range slices.Sorted(maps.Keys(byStatus)) {
		if responses.get(strconv.Itoa(status)) != nil {
			continue
		}
		if err := responses.set(strconv.Itoa(status), e.ref("responses", e.share(status, byStatus[status]))); err != nil {
			return err
		}
	}
	return nil
}

// refusals is one shared response: all reasons with one status that an operation has.
type refusals struct {
	name    string
	status  int
	reasons []*problem.Reason
}

// share returns the name of the response with these reasons.
func (e *effective) share(status int, reasons []*problem.Reason) string {
	others := 0
	for _, known := range e.shared {
		if known.status != status {
			continue
		}
		if slices.Equal(known.reasons, reasons) {
			return known.name
		}
		others++
	}
	name := strconv.Itoa(status)
	if others > 0 {
		name += "-" + strconv.Itoa(others+1)
	}
	e.shared = append(e.shared, refusals{name, status, reasons})
	return name
}

// applies tells whether a client of the operation can meet the reason.
func (e *effective) applies(reason *problem.Reason, op *openapi.Operation) bool {
	stage, _, _ := strings.Cut(reason.Code, ".")
	switch stage {
	case "route":
		return reason == problem.RouteNotFound
	case "version":
		return e.Versioned && (reason != problem.VersionSunset || !e.Sunset.IsZero())
	case "auth":
		return e.Auth && (op.Security == nil || len(op.Security) > 0)
	case "limit":
		return e.RateLimit
	case "schema":
		if reason == problem.SchemaResponse {
			return e.Responses != nil && e.Responses(op.ID) && len(op.Responses) > 0
		}
		return e.Validate && breakable(reason, op)
	case "mock":
		return e.Mock
	}
	return false
}

// breakable tells whether the operation has what a reason of the schema stage is about.
func breakable(reason *problem.Reason, op *openapi.Operation) bool {
	in := map[*problem.Reason]string{
		problem.SchemaPath: "path", problem.SchemaQuery: "query", problem.SchemaHeader: "header", problem.SchemaCookie: "cookie",
	}[reason]
	if in != "" {
		return slices.ContainsFunc(op.Parameters, func(p openapi.Parameter) bool { return p.In == in })
	}
	return op.Body != nil
}

// response describes one shared response.
func (e *effective) response(r refusals) map[string]any {
	lines := []string{"Refused by the gateway: " + http.StatusText(r.status) + "."}
	examples := make(map[string]any)
	for _, reason := range r.reasons {
		lines = append(lines, fmt.Sprintf("* [`%s`](%s) %s.", reason.Code, reason.PageURL(), reason.Title))
		examples[reason.Code] = map[string]any{
			"summary": reason.Title,
			"value":   json.RawMessage(problem.Append(nil, problem.New(reason), "")),
		}
	}
	response := map[string]any{
		"description": strings.Join(lines, "\n"),
		"content": map[string]any{problem.MediaType: map[string]any{
			"schema": e.ref("schemas", "Problem"), "examples": examples,
		}},
	}
	if r.status == http.StatusTooManyRequests || r.status == http.StatusServiceUnavailable {
		response["headers"] = map[string]any{"Retry-After": e.ref("headers", "Retry-After")}
	}
	return response
}
