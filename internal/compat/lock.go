package compat

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gateway/internal/finding"
	"gateway/internal/openapi"
)

// lockEnding makes the name of a lock file: openapi.yaml has openapi.lock beside it.
const lockEnding = ".lock"

// LockFile returns the name of the lock file of a contract.
func LockFile(contract string) string {
	return strings.TrimSuffix(contract, filepath.Ext(contract)) + lockEnding
}

// lock is what a lock file holds: a published contract, as it was, and the hash of its
// files, by which an untouched contract is known without a comparison.
type lock struct {
	About    string          `json:"about"`
	SHA256   string          `json:"sha256"`
	Document json.RawMessage `json:"document"`

	file  string
	above int // lines above the document
}

const lockAbout = "This version is published and frozen: an edit that breaks its clients does not load. gateway diff --lock writes this file."

// Lock freezes a contract: it writes the lock file, if it is not there yet or the
// contract has changed without breaking anybody. Breaks are in the error.
func Lock(contract string) (file string, err error) {
	file = LockFile(contract)
	if err := CheckLock(contract, nil); err != nil {
		return file, err
	}
	traced, err := openapi.Trace(contract)
	if err != nil {
		return file, err
	}
	head, err := json.Marshal(lockAbout)
	if err != nil {
		return file, err
	}
	text := fmt.Sprintf("{\"about\":%s,\n\"sha256\":%q,\n\"document\":%s}\n", head, traced.Hash, traced.Text(true).Document)
	if old, err := os.ReadFile(file); err == nil && string(old) == text {
		return file, nil
	}
	return file, replace(file, []byte(text))
}

// replace writes a file so that nobody ever reads a half of it.
func replace(file string, data []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(data)
	if err = errors.Join(err, temporary.Chmod(0o644), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), file)
}

// CheckLock refuses a contract that is frozen and has been edited so that it breaks
// clients. known is the contract as it was loaded, nil if it was not yet. A contract
// without a lock file is not frozen.
func CheckLock(contract string, known *openapi.Contract) error {
	l, err := readLock(LockFile(contract))
	if err != nil || l == nil || known != nil && known.Hash == l.SHA256 {
		return err
	}
	report, err := l.compare(contract)
	if err != nil || report == nil {
		return err
	}
	return report.frozen()
}

// Unlocked compares a contract with what was frozen of it. The report is nil if nothing
// was, or nothing was edited.
func Unlocked(contract string) (*Report, error) {
	l, err := readLock(LockFile(contract))
	if err != nil || l == nil {
		return nil, err
	}
	return l.compare(contract)
}

// readLock reads a lock file. It is nil if there is none.
func readLock(file string) (*lock, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, unusable(file, err.Error())
	}
	l := &lock{file: file}
	start := strings.Index(string(data), `"document":`)
	if err := json.Unmarshal(data, l); err != nil || l.SHA256 == "" || len(l.Document) == 0 || start < 0 {
		return nil, unusable(file, "it is not what gateway diff --lock writes")
	}
	l.above = strings.Count(string(data[:start]), "\n")
	return l, nil
}

// compare compares a contract with its lock, unless nothing was edited.
func (l *lock) compare(contract string) (*Report, error) {
	now, err := openapi.Trace(contract)
	if err != nil || now.Hash == l.SHA256 {
		return nil, err
	}
	// With the lines above it, the places in the document are lines of the lock file.
	was, err := openapi.TraceData(l.file, []byte(strings.Repeat("\n", l.above)+string(l.Document)))
	if err != nil {
		return nil, unusable(l.file, err.Error())
	}
	return Compare(Side{Traced: was, Label: l.file}, Side{Traced: now, Label: contract})
}

func unusable(file, why string) error {
	return &finding.Error{
		Message: "the lock of a published contract cannot be used: " + why, At: finding.Position{File: file},
		Hint: "take it from version control; to end the freeze, remove the file",
	}
}

// frozen returns the breaks of a report as findings in the edited contract.
func (r *Report) frozen() error {
	var found finding.List
	for _, c := range r.Breaks() {
		found = append(found, &finding.Error{
			Message: fmt.Sprintf("this version is published, and the edit breaks its clients: %s%s", c.Where(), c.Message),
			At:      finding.Position(c.New), Hint: c.Advice + fmt.Sprintf(" (it was at %s:%d)", c.Old.File, c.Old.Line),
		})
	}
	return found.Err()
}

// Where returns the operations for a sentence, with a colon, "" for none.
func (c *Change) Where() string {
	switch n := len(c.Operations); n {
	case 0:
		return ""
	case 1, 2:
		return strings.Join(c.Operations, " and ") + ": "
	default:
		return fmt.Sprintf("%s and %d more operations: ", c.Operations[0], n-1)
	}
}
