package telemetry

import (
	"net/http"
	"slices"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

// methodLabels are the methods that have a label of their own. Clients may invent
// others; those are _other, the last one.
var methodLabels = [methodCount]string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
	http.MethodOptions, http.MethodTrace, http.MethodConnect, "QUERY", exchange.Other,
}

const (
	methodCount = 11
	otherMethod = methodCount - 1
)

// methodSlot returns the place of a method in methodLabels. Names are case-sensitive
// (RFC 9110 §9.1).
func methodSlot(method string) int {
	for i := range otherMethod {
		if methodLabels[i] == method {
			return i
		}
	}
	return otherMethod
}

// reasonSlots is how many reasons have a label of their own, and one for _other. The
// catalogue may grow up to it; a test says when it has to.
const reasonSlots = 64

const otherReason = reasonSlots - 1

var (
	reasons     = problem.Catalogue()
	reasonPlace = func() map[*problem.Reason]int {
		places := make(map[*problem.Reason]int, len(reasons))
		for i, reason := range reasons {
			places[reason] = i
		}
		return places
	}()
)

// reasonSlot returns the place of a reason among the slots of a series.
func reasonSlot(reason *problem.Reason) int {
	if place, ok := reasonPlace[reason]; ok && place < otherReason {
		return place
	}
	return otherReason
}

// parts are the parts of a contract that can be deprecated.
var parts = [...]struct {
	bit   exchange.Deprecated
	label string
}{
	{exchange.DeprecatedOperation, "operation"},
	{exchange.DeprecatedParameter, "parameter"},
}

// results are what can become of the check of a response: the verdicts, those of a
// response that was not checked by their reasons, and _other.
var results = func() (labels [resultSlots]string) {
	for v := exchange.Passed; v < exchange.Skipped; v++ {
		labels[v] = v.String()
	}
	copy(labels[exchange.Skipped:], exchange.Unchecked)
	labels[resultSlots-1] = exchange.Other
	return labels
}()

// resultSlots is how many results have a label of their own, and one for _other.
const resultSlots = 16

// resultSlot returns the place of a decision about a response among the results.
func resultSlot(d *exchange.Decision) int {
	if d.Verdict != exchange.Skipped {
		return int(d.Verdict)
	}
	if i := slices.Index(exchange.Unchecked, d.Name); i >= 0 && i < resultSlots-1-int(exchange.Skipped) {
		return int(exchange.Skipped) + i
	}
	return resultSlots - 1
}

func reasonLabel(slot int) string {
	if slot < len(reasons) && slot < otherReason {
		return reasons[slot].Code
	}
	return exchange.Other
}
