package diff

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"path"
	"strings"
	"time"
)

// commit is one commit of the repository around a folder. It is a file system of what
// lay in that folder then, for references between the files of a contract.
type commit struct {
	dir  string // the folder
	hash string
	name string // as the user wrote it
}

// git runs git in a folder.
func git(dir string, args ...string) ([]byte, error) {
	cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
	var out, trouble bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &trouble
	if err := cmd.Run(); err != nil {
		if text := strings.TrimSpace(trouble.String()); text != "" {
			return nil, errors.New(strings.TrimPrefix(text, "fatal: "))
		}
		return nil, err
	}
	return out.Bytes(), nil
}

// newCommit finds a commit by its name, such as main or v1.2.
func newCommit(dir, name string) (*commit, error) {
	out, err := git(dir, "rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}")
	if err != nil {
		return nil, fmt.Errorf("git knows no commit %q around %s; in a CI job, fetch it first", name, dir)
	}
	return &commit{dir: dir, hash: strings.TrimSpace(string(out)), name: name}, nil
}

// entry is one line of git ls-tree.
type entry struct{ mode, kind, object, name string }

// list returns what lies at a name: the file itself, or with a slash at the end the
// contents of a folder.
func (c *commit) list(name string) ([]entry, error) {
	out, err := git(c.dir, "ls-tree", "-z", c.hash, "--", name)
	if err != nil {
		return nil, err
	}
	var list []entry
	for line := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		head, name, ok := strings.Cut(line, "\t")
		if fields := strings.Fields(head); ok && len(fields) == 3 {
			list = append(list, entry{fields[0], fields[1], fields[2], name})
		}
	}
	return list, nil
}

// Open implements fs.FS.
func (c *commit) Open(name string) (fs.File, error) {
	fail := func(err error) (fs.File, error) { return nil, &fs.PathError{Op: "open", Path: name, Err: err} }
	if !fs.ValidPath(name) {
		return fail(fs.ErrInvalid)
	}
	list, err := c.list("./" + name)
	switch {
	case err != nil:
		return fail(err)
	case len(list) != 1:
		return fail(fs.ErrNotExist)
	case list[0].kind != "blob" || !strings.HasPrefix(list[0].mode, "100"):
		return fail(errors.New("it is not a file there"))
	}
	data, err := git(c.dir, "cat-file", "blob", list[0].object)
	if err != nil {
		return fail(err)
	}
	return &blob{Reader: bytes.NewReader(data), name: path.Base(name)}, nil
}

// blob is a file in a commit.
type blob struct {
	*bytes.Reader
	name string
}

func (b *blob) Stat() (fs.FileInfo, error) { return b, nil }
func (b *blob) Close() error               { return nil }
func (b *blob) Name() string               { return b.name }
func (b *blob) Mode() fs.FileMode          { return 0o444 }
func (b *blob) ModTime() time.Time         { return time.Time{} }
func (b *blob) IsDir() bool                { return false }
func (b *blob) Sys() any                   { return nil }

var (
	_ fs.FS       = (*commit)(nil)
	_ fs.FileInfo = (*blob)(nil)
	_ io.Reader   = (*blob)(nil)
)
