package strict

import "gateway/internal/finding"

// checkVariables reports {$NAME} that would be replaced by nothing.
//
// Caddy replaces a variable that is not set by the empty text, without a word: a
// reverse_proxy without upstream is then valid, and answers 503.
func checkVariables(s *source, comments []comment) finding.List {
	var found finding.List
	for _, v := range s.vars {
		explicit := v.hasFallback && v.fallback == ""
		if v.value != "" || explicit || within(v, comments) {
			continue
		}
		raw := s.raw[v.rawAt:v.rawEnd]
		message := raw + " is not set and has no default"
		hint := "set " + v.name + ", or give it a default: {$" + v.name + ":value}"
		if v.set {
			message = raw + " is set, but to nothing"
			hint = "give " + v.name + " a value, or write {$" + v.name + ":} if nothing is meant"
			if v.hasFallback {
				message += ", so that the default is not used either"
			}
		}
		e := &finding.Error{Message: message, Hint: hint, At: s.rawPosition(v.rawAt), Word: raw}
		found = append(found, e.In([]byte(s.raw)))
	}
	return found
}

func within(v variable, comments []comment) bool {
	for _, c := range comments {
		if c.at <= v.at && v.at <= c.end {
			return true
		}
	}
	return false
}
