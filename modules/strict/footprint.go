package strict

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// footprint is the state of files at one time, by name. A folder stands for the files
// in it, and a pattern for those that it matches, so that new ones are noticed.
type footprint map[string]imprint

// imprint is the state of one file. The zero one is that of a file that is not there.
type imprint struct {
	size     int64
	modified time.Time
	content  string // while the time alone does not vouch for it
	names    string // of a folder or pattern: the files, with their sizes and times
}

const (
	// settledAfter is how old the time of a file has to be to vouch for its content:
	// some file systems count in seconds.
	settledAfter = 2 * time.Second
	// maxFolder bounds the files of a folder that are looked at.
	maxFolder = 1000
)

// look returns the state of files.
func look(names []string) footprint {
	prints := make(footprint, len(names))
	for _, name := range names {
		prints[name] = imprintOf(name)
	}
	return prints
}

// again returns the state of the same files now.
func (f footprint) again() footprint { return look(slices.Collect(maps.Keys(f))) }

// same tells whether nothing has changed between two states of the same files.
func (f footprint) same(other footprint) bool { return maps.EqualFunc(f, other, imprint.same) }

func (p imprint) same(other imprint) bool {
	if p.content == "" || other.content == "" {
		p.content, other.content = "", ""
	}
	return p == other
}

func imprintOf(name string) imprint {
	info, err := os.Stat(name)
	switch {
	case err != nil && strings.ContainsAny(name, "*?["):
		matches, _ := filepath.Glob(name) // a bad pattern is reported by Caddy
		return imprint{names: strings.Join(matches, "\x00")}
	case err != nil:
		return imprint{}
	case info.IsDir():
		return imprint{names: tree(name)}
	}
	p := imprint{size: info.Size(), modified: info.ModTime()}
	if time.Since(p.modified) < settledAfter && info.Mode().IsRegular() {
		body, _ := os.ReadFile(name) // if it has gone since, the next look tells
		p.content = string(body)
	}
	return p
}

// tree describes the files below a folder, the first maxFolder of them.
func tree(folder string) string {
	var b strings.Builder
	count := 0
	_ = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if count++; err != nil || count > maxFolder {
			return fs.SkipAll
		}
		b.WriteString(path)
		if info, err := entry.Info(); err == nil && !entry.IsDir() {
			b.WriteString(info.ModTime().String() + "\x00" + info.Mode().String())
		}
		b.WriteByte(0)
		return nil
	})
	return b.String()
}

// footprint returns the state of everything that a Caddyfile was read from. A file
// that has changed since it was read is as it was read.
func (c *checker) footprint() footprint {
	prints := look(slices.Concat(slices.Collect(maps.Keys(c.sources)), c.patterns))
	for name, s := range c.sources {
		if p := prints[name]; p.content != "" {
			p.content, p.size = s.raw, int64(len(s.raw))
			prints[name] = p
		}
	}
	return prints
}
