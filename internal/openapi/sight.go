package openapi

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Sight is what reading a contract has seen: every file that it looked for, whether
// it was there or not. It is for one goroutine.
type Sight struct {
	name  string
	files []glimpse
}

// glimpse is one look at one file.
type glimpse struct {
	name string      // within the directory of the contract
	info fs.FileInfo // nil if it could not be read
	sum  [sha256.Size]byte
	at   time.Time
}

// fresh is how long after its last change a file is read again even if it looks the
// same: some file systems tell times to the second only.
const fresh = 3 * time.Second

// Read is Load for whoever watches contracts: it tells what it has seen as well, also
// where the contract cannot be used.
func Read(name string) (*Contract, *Sight, error) {
	sight := &Sight{name: name}
	files, data, closer, err := open(name, sight)
	if err != nil {
		return nil, sight, err
	}
	defer closer.Close()
	contract, err := load(files, filepath.Dir(name), filepath.Base(name), data, sight)
	return contract, sight, err
}

// Same tells whether every file is as it was seen. It reads only those that look as
// if they had changed, or have changed a moment ago.
func (s *Sight) Same() bool {
	dir := filepath.Dir(s.name)
	var beside fs.FS = noFiles{}
	if root, err := os.OpenRoot(dir); err == nil {
		defer root.Close()
		beside = root.FS()
	}
	for i := range s.files {
		files := beside
		if i == 0 { // whoever names the contract chose where links of it lead
			files = os.DirFS(dir)
		}
		if !s.files[i].same(files) {
			return false
		}
	}
	return true
}

// same looks again.
func (g *glimpse) same(files fs.FS) bool {
	info, err := fs.Stat(files, g.name)
	if err == nil && g.info != nil && os.SameFile(g.info, info) && g.info.Size() == info.Size() &&
		g.info.ModTime().Equal(info.ModTime()) && g.at.Sub(info.ModTime()) > fresh {
		return true
	}
	now, _, _ := look(files, g.name)
	if (now.info == nil) != (g.info == nil) || now.sum != g.sum {
		return false
	}
	*g = now
	return true
}

// add remembers a look.
func (s *Sight) add(g glimpse) {
	if s != nil && len(s.files) < maxFiles {
		s.files = append(s.files, g)
	}
}

// look reads one file within the bound on documents.
func look(files fs.FS, name string) (glimpse, []byte, error) {
	g := glimpse{name: name, at: time.Now()}
	// Asked before it is opened: opening a named pipe would wait for its writer.
	info, err := fs.Stat(files, name)
	if err != nil {
		return g, nil, plain(err)
	}
	if !info.Mode().IsRegular() {
		return g, nil, errors.New("it is not a file")
	}
	f, err := files.Open(name)
	if err != nil {
		return g, nil, plain(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxDocumentBytes+1))
	if err != nil {
		return g, nil, plain(err)
	}
	g.info, g.sum = info, sha256.Sum256(data)
	if len(data) > maxDocumentBytes {
		return g, nil, fmt.Errorf("it is larger than %d MiB", maxDocumentBytes>>20)
	}
	return g, data, nil
}
