package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// maxDenyFile bounds the size of a deny list as text, in bytes.
const maxDenyFile = 16 << 20

// readDenyList reads a deny list: a JSON list of Revocation, or lines such as
//
//	# comment
//	jti 4f3c2a
//	sub alice
//	sub bob before 2026-11-23T12:00:00Z
//	sid "08 a5" until 2026-12-01
//	before 2026-11-01
//
// A single entry that is not understood refuses the whole: whoever it was meant for
// would go on unseen.
func readDenyList(data []byte, now time.Time) (*denyList, error) {
	list := new(denyList)
	if text := bytes.TrimSpace(data); len(text) > 0 && text[0] == '[' {
		return list, list.readJSON(text, now)
	}
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		r, err := readDenyLine(strings.TrimSpace(line))
		if err == nil && r != nil {
			err = list.add(r, now)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	return list, nil
}

func (l *denyList) readJSON(text []byte, now time.Time) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var entries []Revocation
	if err := d.Decode(&entries); err != nil {
		return fmt.Errorf("it is not a JSON list of entries: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON list")
	}
	for i := range entries {
		if err := l.add(&entries[i], now); err != nil {
			return fmt.Errorf("entry %d: %w", i+1, err)
		}
	}
	return nil
}

// readDenyLine reads one line. It returns nil for one without entry.
func readDenyLine(line string) (*Revocation, error) {
	if line == "" || line[0] == '#' {
		return nil, nil
	}
	words, err := denyWords(line)
	if err != nil {
		return nil, err
	}
	if len(words)%2 != 0 {
		return nil, errors.New("a line has pairs of a word and a value: sub alice, or sub alice before 2026-11-23T12:00:00Z")
	}
	r := new(Revocation)
	seen := make(map[string]bool)
	for i := 0; i < len(words); i += 2 {
		if seen[words[i]] {
			return nil, fmt.Errorf("%s is there twice", words[i])
		}
		seen[words[i]] = true
		if err := r.set(words[i], words[i+1]); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *Revocation) set(word, value string) (err error) {
	if value == "" {
		return fmt.Errorf("%s has an empty value", word)
	}
	switch word {
	case "jti":
		r.JTI = value
	case "sub":
		r.Subject = value
	case "sid":
		r.Session = value
	case "before":
		r.IssuedBefore, err = denyTime(value)
	case "until":
		r.Until, err = denyTime(value)
	default:
		err = errors.New("the words are jti, sub, sid, before and until")
	}
	return err
}

// denyTime reads a time, or a day, which begins at midnight UTC.
func denyTime(value string) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, value); err == nil {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return t, errors.New("a time is written 2026-11-23T12:00:00Z, or 2026-11-23")
	}
	return t, nil
}

// denyWords splits a line at white space. A value with white space stands in quotes.
func denyWords(line string) (words []string, err error) {
	for line = strings.TrimLeft(line, " \t"); line != ""; line = strings.TrimLeft(line, " \t") {
		word := line
		if line[0] == '"' {
			if word, err = strconv.QuotedPrefix(line); err != nil {
				return nil, errors.New("a quote does not end")
			}
			line = line[len(word):]
			if word, err = strconv.Unquote(word); err != nil {
				return nil, errors.New("a quoted value is not clear")
			}
			words = append(words, word)
			continue
		}
		if i := strings.IndexAny(line, " \t"); i >= 0 {
			word = line[:i]
		}
		words = append(words, word)
		line = line[len(word):]
	}
	return words, nil
}
