package strict

import (
	"strings"

	"gateway/internal/finding"
)

// checkWords reports quotes and placeholders that do not end, as far as a word on
// its own shows it, and comments that swallow the end of their line. sound is false
// when the tokens around the findings may not be what was meant.
func checkWords(s *source, tokens []token, comments []comment) (found finding.List, sound bool) {
	sound = true
	report := func(t token, message, hint string) {
		found = append(found, s.finding(t, message, hint))
	}
	for i, t := range tokens {
		next := i+1 < len(tokens) && !tokens[i+1].first
		switch {
		case t.opens() && next:
			report(t, "a directive follows the brace on the same line", `end the line after "{"`)
		case t.closes() && (next || !t.first):
			report(t, "this brace shares its line with something else, so it may be taken for an argument", `put "}" on a line of its own`)
			sound = false
		case t.open && t.quote == '<':
			report(t, "the heredoc opened here has no end", "end it with a line that holds its marker; a marker is letters, digits, - and _")
			return found, false
		case t.open:
			report(t, "the quote opened here is never closed", "close it; everything to the end of the file is inside it now")
			return found, false
		case t.escaped:
			report(t, "the backslash before this quote does not escape it; a quoted text begins here", "to begin a word with a quote, enclose it in the other kind of quotes: \" or `")
			sound = false
		case t.quote != '<' && endsInComment(t):
			report(t, "the quote opened here ends within what looks like a comment", "close it where the text ends; for a text of several lines use a heredoc")
			sound = false
		case t.joined:
			report(joint(s, t, comments), "a backslash in a comment joins the next line to this one",
				"remove the backslash, or put the comment on a line of its own")
		case t.glued:
			report(t, "this stands directly behind a closing quote", `put a space between them; within a quoted text write \" for a quote`)
			sound = false
		case t.quote == 0 && stray(t.text):
			report(t, "this word contains a quote mark that encloses nothing", "if it is meant, enclose the whole word in the other kind of quotes: \" or `")
			sound = false
		case t.quote == 0 && len(t.text) > 1 && strings.HasSuffix(t.text, "{") && !strings.HasPrefix(t.text, "{"):
			report(t, "the brace belongs to the word before it, so it opens no block", `put a space before "{"`)
			sound = false
		case t.quote == 0 && unpaired(t.text):
			report(t, "the braces of this word are not paired", "write placeholders as {name}, and put other braces in quotes")
		}
	}
	for _, c := range comments {
		if text := s.text[c.at:c.end]; trailing(s.text, c) && stray(text) {
			report(token{text: text, at: c.at, end: c.end}, "this is a comment, but with a single quote mark it looks like text",
				"open the quote before the #; or put the comment on a line of its own")
			sound = false
		}
	}
	return found, sound
}

// trailing tells whether something stands before a comment on its line.
func trailing(text string, c comment) bool {
	start := strings.LastIndexByte(text[:c.at], '\n') + 1
	return strings.TrimSpace(text[start:c.at]) != ""
}

// endsInComment tells whether the last line of a quoted text of several lines has a
// "#" where a comment could begin. The text was meant to end before.
func endsInComment(t token) bool {
	newline := strings.LastIndexByte(t.text, '\n')
	if newline < 0 {
		return false
	}
	last := " " + t.text[newline+1:]
	return strings.Contains(last, " #") || strings.Contains(last, "\t#")
}

// stray tells whether a text without quotes has a quote mark without its partner, or
// one behind a backslash: there it is kept with the backslash, which nobody means.
func stray(text string) bool {
	return strings.Count(text, `"`)%2 == 1 || strings.Count(text, "`")%2 == 1 || strings.Contains(text, `\"`)
}

// unpaired tells whether a word other than a brace on its own has a brace without
// its partner. Escaped braces do not count.
func unpaired(word string) bool {
	if word == "{" || word == "}" {
		return false
	}
	depth := 0
	for i := 0; i < len(word); i++ {
		switch word[i] {
		case '\\':
			i++
		case '{':
			depth++
		case '}':
			depth--
		}
		if depth < 0 {
			return true
		}
	}
	return depth != 0
}

// joint returns the comment before a token, as a token.
func joint(s *source, t token, comments []comment) token {
	found := token{}
	for _, c := range comments {
		if c.at < t.at {
			found = token{text: s.text[c.at:c.end], at: c.at, end: c.end}
		}
	}
	return found
}

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
