package strict

import (
	"strings"

	"gateway/internal/finding"
)

// complaint is what can be said of a word on its own.
type complaint struct {
	message, hint string
	// sound: the tokens around it are what was meant all the same.
	sound bool
}

const otherQuotes = "if the quote is meant, enclose the whole word in the other kind of quotes: \" or `"

var (
	behindBrace = &complaint{
		"a directive follows the brace on the same line", `end the line after "{"`, true,
	}
	sharedLine = &complaint{
		"this brace shares its line with something else, so it may be taken for an argument", `put "}" on a line of its own`, false,
	}
	openHeredoc = &complaint{
		"the heredoc opened here has no end", "end it with a line that holds its marker; a marker is letters, digits, - and _", false,
	}
	openQuote = &complaint{
		"the quote opened here is never closed", "close it; everything to the end of the file is inside it now", false,
	}
	escapedQuote = &complaint{
		"the backslash before this quote does not escape it; a quoted text begins here", otherQuotes, false,
	}
	commentedQuote = &complaint{
		"the quote opened here ends within what looks like a comment", "close it where the text ends; for a text of several lines use a heredoc", false,
	}
	quotedComment = &complaint{
		"this is a comment, but its quote mark makes it look like text", "open the quote before the #; or put the comment on a line of its own", false,
	}
	joinedLine = &complaint{
		"a backslash in a comment joins the next line to this one", "remove the backslash, or put the comment on a line of its own", true,
	}
	gluedWord = &complaint{
		"this stands directly behind a closing quote", `put a space between them; within a quoted text write \" for a quote`, false,
	}
	strayQuote = &complaint{
		"this word contains a quote mark that encloses nothing", otherQuotes, false,
	}
	gluedBrace = &complaint{
		"the brace belongs to the word before it, so it opens no block", `put a space before "{"`, false,
	}
	unpairedBraces = &complaint{
		"the braces of this word are not paired", "write placeholders as {name}, and put other braces in quotes", true,
	}
)

// checkWords reports quotes and placeholders that do not end, as far as a word on
// its own shows it, and comments that swallow the end of their line. sound is false
// when the tokens around the findings may not be what was meant.
func checkWords(s *source, tokens []token, comments []comment) (found finding.List, sound bool) {
	sound = true
	report := func(t token, c *complaint) {
		found = append(found, s.finding(t, c.message, c.hint))
		sound = sound && c.sound
	}
	for i, t := range tokens {
		last := i+1 == len(tokens) || tokens[i+1].first
		switch c := judge(t, last); c {
		case nil:
		case joinedLine:
			report(joint(s, t, comments), c)
		case openQuote, openHeredoc:
			report(t, c)
			return found, false // the comments are part of it
		default:
			report(t, c)
		}
	}
	for _, c := range comments {
		if text := s.text[c.at:c.end]; trailing(s.text, c) && stray(text) {
			report(token{text: text, at: c.at, end: c.end}, quotedComment)
		}
	}
	return found, sound
}

// judge returns the complaint about a token, or nil. last tells whether it ends its
// line.
func judge(t token, last bool) *complaint {
	switch {
	case t.opens() && !last:
		return behindBrace
	case t.closes() && (!last || !t.first):
		return sharedLine
	case t.open && t.quote == '<':
		return openHeredoc
	case t.open:
		return openQuote
	case t.escaped:
		return escapedQuote
	case t.quote != '<' && endsInComment(t):
		return commentedQuote
	case t.joined:
		return joinedLine
	case t.glued:
		return gluedWord
	case t.quote != 0:
		return nil
	case stray(t.text):
		return strayQuote
	case len(t.text) > 1 && strings.HasSuffix(t.text, "{") && !strings.HasPrefix(t.text, "{"):
		return gluedBrace
	case unpaired(t.text):
		return unpairedBraces
	}
	return nil
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
