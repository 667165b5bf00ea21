package change

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"gateway/internal/finding"
	"gateway/internal/openapi"
)

// Version is one version of an API.
type Version struct {
	Name     string
	Contract *openapi.Contract
	// Folder has the changes that the version made, "" for none. It need not exist.
	Folder string
}

// Folder is where the changes of the version stand whose contract is in a file.
func Folder(contractFile string) string { return filepath.Join(filepath.Dir(contractFile), "changes") }

// Plan carries messages of all older versions to the newest one and back. It is safe for
// concurrent use.
type Plan struct {
	versions []Version
	changes  []*Change
	carriers map[*openapi.Operation]*Carrier
	targets  map[*openapi.Operation]*openapi.Operation
	bounds   []*boundary
	seen     []listing
	missing  finding.List
}

// maxFiles bounds the files of one version.
const maxFiles = 1000

// Compile reads the changes of all versions, oldest first, and compiles them for every
// operation of every older version. The newest version is the one that the service
// speaks. Every flaw is a finding.
func Compile(versions []Version) (*Plan, error) {
	p := &Plan{versions: versions, carriers: make(map[*openapi.Operation]*Carrier), targets: make(map[*openapi.Operation]*openapi.Operation)}
	var found finding.List
	for i := 1; i < len(versions); i++ {
		changes, err := p.read(&versions[i])
		if list := findings(err); list != nil {
			found = append(found, list...)
			continue
		} else if err != nil {
			return nil, err
		}
		b := &boundary{
			older: &versions[i-1], newer: &versions[i], changes: changes,
			touched: make(map[finding.Position]bool), missed: make(map[finding.Position]*finding.Error), refs: make(map[string][]string),
		}
		if b.old, err = newSchemas(b.older.Contract); err != nil {
			return nil, err
		}
		if b.new, err = newSchemas(b.newer.Contract); err != nil {
			return nil, err
		}
		err = b.compile()
		if list := findings(err); list != nil {
			found = append(found, list...)
		} else if err != nil {
			return nil, err
		}
		p.bounds, p.changes = append(p.bounds, b), append(p.changes, changes...)
	}
	if len(found) > 0 {
		return nil, found.Err()
	}
	p.chain()
	return p, nil
}

// chain puts the legs of every operation together.
func (p *Plan) chain() {
	for i := range p.versions[:max(len(p.versions)-1, 0)] {
		for _, op := range p.versions[i].Contract.Operations {
			c := &Carrier{older: op, target: op}
			for j := i + 1; j < len(p.versions) && c.target != nil; j++ {
				if l := p.bounds[j-1].legs[c.target]; l != nil {
					c.legs = append(c.legs, l)
				}
				next := p.bounds[j-1].pairs[c.target]
				if next == nil {
					p.miss(op, c, p.bounds[j-1])
				}
				c.target = next
			}
			if c.target != nil {
				p.targets[op] = c.target
			}
			if len(c.legs) > 0 && c.target != nil {
				c.settle()
				p.carriers[op] = c
			}
		}
	}
}

// miss notes that an operation is not in a newer version, and that nobody says what becomes
// of its requests: the service could take them for something else.
func (p *Plan) miss(op *openapi.Operation, c *Carrier, b *boundary) {
	stays := slices.ContainsFunc(b.changes, func(by *Change) bool { return by.stays && by.names(c.target) })
	message := fmt.Sprintf("%s has no operation that %s became, and the service is to be asked in it", b.newer.label(), c.target.ID)
	hint := fmt.Sprintf("a file in %s: operation: %s with becomes: <operationId>, or with stays: true if the service still answers it as it was", b.newer.Folder, c.target.ID)
	switch {
	case stays && len(c.legs) == 0:
		return
	case stays:
		message = fmt.Sprintf("%s stays as it is in %s, and earlier versions of it are not the same", c.target.ID, b.newer.label())
		hint = "nothing carries " + op.ID + " to a version that is not the newest; keep the operation in " + b.newer.Contract.File
	}
	p.missing = append(p.missing, &finding.Error{Message: message, At: position(op.Source), Hint: hint})
}

func findings(err error) finding.List {
	if list, ok := errors.AsType[finding.List](err); ok {
		return list
	}
	if one, ok := errors.AsType[*finding.Error](err); ok {
		return finding.List{one}
	}
	return nil
}

// Carrier carries the messages of an operation of an older version; nil if nothing about
// them changes. The operation is the one in the contract that Compile got.
func (p *Plan) Carrier(op *openapi.Operation) *Carrier { return p.carriers[op] }

// Target is what an operation of an older version is in the newest one; nil if it is not
// there any more.
func (p *Plan) Target(op *openapi.Operation) *openapi.Operation { return p.targets[op] }

// Changes are all changes, those of the oldest version first, in the order of time.
func (p *Plan) Changes() []*Change { return p.changes }

// Files are the folders and files that were looked for.
func (p *Plan) Files() []string {
	var files []string
	for _, l := range p.seen {
		files = append(files, l.folder)
		for _, f := range l.files {
			files = append(files, f.name)
		}
	}
	return files
}

// listing is what a folder held.
type listing struct {
	folder string
	files  []seenFile
}

type seenFile struct {
	name string
	sum  [sha256.Size]byte
}

// Same tells whether every file is as it was read.
func (p *Plan) Same() bool {
	for _, l := range p.seen {
		now, _, err := list(l.folder)
		if err != nil || !slices.Equal(now.files, l.files) {
			return false
		}
	}
	return true
}

// list reads the change files of a folder. A folder that is not there has none.
func list(folder string) (listing, [][]byte, error) {
	l := listing{folder: folder}
	if folder == "" {
		return l, nil, nil
	}
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil, nil
	} else if err != nil {
		return l, nil, &finding.Error{Message: "the folder of changes cannot be read", At: finding.Position{File: folder}}
	}
	var contents [][]byte
	for _, e := range entries {
		name := filepath.Join(folder, e.Name())
		if ext := filepath.Ext(name); e.Name()[0] == '.' || ext != ".yaml" && ext != ".yml" {
			if ext == ".json" {
				return l, nil, &finding.Error{Message: "change files are YAML", At: finding.Position{File: name}, Hint: "call it .yaml; JSON is YAML as well"}
			}
			continue
		}
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxFile || len(contents) >= maxFiles {
			return l, nil, &finding.Error{Message: fmt.Sprintf("the change file cannot be read; a version has at most %d, of %d KiB each", maxFiles, maxFile>>10), At: finding.Position{File: name}}
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return l, nil, &finding.Error{Message: "the change file cannot be read", At: finding.Position{File: name}}
		}
		l.files, contents = append(l.files, seenFile{name, sha256.Sum256(data)}), append(contents, data)
	}
	return l, contents, nil
}

// read reads the changes of one version.
func (p *Plan) read(v *Version) ([]*Change, error) {
	l, contents, err := list(v.Folder)
	if err != nil {
		return nil, err
	}
	p.seen = append(p.seen, l)
	var changes []*Change
	var found finding.List
	for i, data := range contents {
		c, err := parseFile(l.files[i].name, data)
		if err != nil {
			found = append(found, findings(err)...)
			continue
		}
		c.Version = v.Name
		changes = append(changes, c)
	}
	return changes, found.Err()
}

func position(p openapi.Position) finding.Position { return finding.Position(p) }
