package openapi

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"gateway/internal/finding"
)

// file is one file of a contract.
type file struct {
	// name is its slash-separated path within the contract's directory.
	name string
	// shown is its path as the user wrote it, for messages.
	shown string
	root  *node
	sum   [sha256.Size]byte
}

// maxFiles is how many files a contract may consist of.
const maxFiles = 512

// source reads the files of a contract, each once. It never leaves its directory:
// an fs.FS has no names outside of it, and that of an os.Root follows no link out.
type source struct {
	files  fs.FS
	dir    string
	read   map[string]*file
	order  []*file
	report *report
	// sight remembers what was looked for, if somebody wants to know.
	sight *Sight
}

// errOutside is the answer to a reference that leaves the contract's directory.
var errOutside = errors.New("it lies outside the directory of the contract")

// open returns a file by its name in the directory, reading it if it is new. The
// error is for whoever refers to it; what is wrong inside the file is reported, and
// its root is then nil.
func (s *source) open(name string) (*file, error) {
	if f := s.read[name]; f != nil {
		return f, nil
	}
	if !fs.ValidPath(name) {
		return nil, errOutside
	}
	if len(s.order) >= maxFiles {
		return nil, fmt.Errorf("a contract of more than %d files is not supported", maxFiles)
	}
	seen, data, err := look(s.files, name)
	s.sight.add(seen)
	if err != nil {
		return nil, err
	}
	return s.add(name, data), nil
}

// add takes a file's contents in.
func (s *source) add(name string, data []byte) *file {
	f := &file{name: name, shown: s.shown(name), sum: sha256.Sum256(data)}
	s.read[name] = f
	s.order = append(s.order, f)
	switch {
	case !utf8.Valid(data):
		s.report.add(finding.Error{Message: "the file is not UTF-8", At: finding.Position{File: f.shown}})
	case isJSON(name, data):
		f.root = readJSON(f, data, s.report)
	default:
		f.root = readYAML(f, data, s.report)
	}
	return f
}

// shown is the name of a file for messages.
func (s *source) shown(name string) string {
	if strings.Contains(s.dir, "://") {
		return s.dir + "/" + name
	}
	return filepath.Join(s.dir, filepath.FromSlash(name))
}

// isJSON goes by the ending of the name, then by the first character.
func isJSON(name string, data []byte) bool {
	switch path.Ext(name) {
	case ".json":
		return true
	case ".yaml", ".yml":
		return false
	}
	return strings.HasPrefix(strings.TrimLeft(string(data[:min(len(data), 64)]), " \t\r\n"), "{")
}

// plain puts errors of the file system into words.
func plain(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("there is no such file")
	}
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		if strings.Contains(pathError.Err.Error(), "escapes") {
			return errOutside
		}
		return pathError.Err
	}
	return err
}

// names lists the files that were read, as shown, in a stable order.
func (s *source) names() []string {
	out := make([]string, len(s.order))
	for i, f := range s.order {
		out[i] = f.shown
	}
	slices.Sort(out)
	return out
}

// hash is one sum over names and contents of all files.
func (s *source) hash() string {
	files := slices.SortedFunc(slices.Values(s.order), func(a, b *file) int { return strings.Compare(a.name, b.name) })
	sum := sha256.New()
	for _, f := range files {
		fmt.Fprintf(sum, "%s\x00%x\n", f.name, f.sum)
	}
	return hex.EncodeToString(sum.Sum(nil))
}
