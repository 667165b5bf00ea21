package auth

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"gateway/internal/finding"
)

// complaint is what is wrong with an option of the configuration. Its place is
// added by whoever knows it.
type complaint struct{ option, message, hint string }

func (c *complaint) Error() string { return c.message }

func complain(option, hint, format string, args ...any) error {
	return &complaint{option, fmt.Sprintf(format, args...), hint}
}

// places remembers where the options of a block stand.
type places map[string]place

type place struct {
	at   finding.Position
	word string // to underline
}

func placeOf(d *caddyfile.Dispenser, word string) place {
	return place{finding.Position{File: d.File(), Line: d.Line()}, word}
}

// add remembers the current option, and tells whether it is the first of its name.
func (p *places) add(d *caddyfile.Dispenser) bool {
	if *p == nil {
		*p = make(places)
	}
	_, again := (*p)[d.Val()]
	(*p)[d.Val()] = placeOf(d, d.Val())
	return !again
}

// point gives a complaint the place of its option, or else that of the directive.
func (p places) point(err error, source string) error {
	c, ok := errors.AsType[*complaint](err)
	if !ok {
		return err
	}
	found, ok := p[c.option]
	if !ok {
		found = place{finding.ParseSource(source), c.option}
	}
	return &finding.Error{Message: c.message, At: found.at, Word: found.word, Hint: c.hint}
}

// fail gives an error that was found after the Caddyfile had been read a place: the
// line of the option within the directive, if the file can still be read.
func (h *Handler) fail(err error) error {
	if _, ok := errors.AsType[*complaint](err); !ok {
		return &finding.Error{Message: err.Error(), At: finding.ParseSource(h.Source), Word: "auth"}
	}
	return locate(h.Source, err.(*complaint).option).point(err, h.Source)
}

// locate finds the first line from source on that begins with an option.
func locate(source, option string) places {
	at := finding.ParseSource(source)
	file, err := os.Open(at.File)
	if err != nil {
		return nil
	}
	defer file.Close()
	lines := bufio.NewScanner(io.LimitReader(file, maxDocument))
	for line := 1; lines.Scan(); line++ {
		if fields := strings.Fields(lines.Text()); line >= at.Line && len(fields) > 0 && fields[0] == option {
			at.Line = line
			return places{option: {at, option}}
		}
	}
	return nil
}
