package mock

import (
	"strconv"
	"strings"
)

// maxAccept bounds the media ranges that are looked at.
const maxAccept = 64

// mediaRange is one element of Accept.
type mediaRange struct {
	name   string // lower case, without parameters
	weight float64
}

// negotiate returns the content that the client likes best, the first of several, or
// nil if it takes none (RFC 9110 §12.5.1). Without Accept it takes everything.
func negotiate(lines []string, offered []content) *content {
	ranges := mediaRanges(lines)
	if len(ranges) == 0 {
		return &offered[0]
	}
	var best *content
	liked := 0.0
	for i := range offered {
		if weight := weigh(offered[i].mediaType, ranges); weight > liked {
			best, liked = &offered[i], weight
		}
	}
	return best
}

// mediaRanges reads Accept. What is malformed is not there.
func mediaRanges(lines []string) []mediaRange {
	var list []mediaRange
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			name, parameters, _ := strings.Cut(element, ";")
			name = strings.ToLower(trim(name))
			weight, ok := quality(parameters)
			if ok && strings.Count(name, "/") == 1 && len(list) < maxAccept {
				list = append(list, mediaRange{name, weight})
			}
		}
	}
	return list
}

// quality reads the parameter q (RFC 9110 §12.4.2). The other parameters of a range
// make no difference here.
func quality(parameters string) (float64, bool) {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(trim(parameter), "=")
		if !strings.EqualFold(name, "q") {
			continue
		}
		weight, err := strconv.ParseFloat(value, 64)
		return weight, err == nil && weight >= 0 && weight <= 1
	}
	return 1, true
}

// weigh returns the weight of the most specific range that a media type falls under.
func weigh(mediaType string, ranges []mediaRange) float64 {
	weight, specific := 0.0, 0
	kind, _, _ := strings.Cut(mediaType, "/")
	for _, r := range ranges {
		match := 0
		switch r.name {
		case mediaType:
			match = 3
		case kind + "/*":
			match = 2
		case "*/*":
			match = 1
		}
		if match > specific || match == specific && match > 0 && r.weight > weight {
			weight, specific = r.weight, match
		}
	}
	return weight
}
