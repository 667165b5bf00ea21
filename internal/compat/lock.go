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
	file := LockFile(contract)
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return unusable(file, err.Error())
	}
	var l lock
	if err := json.Unmarshal(data, &l); err != nil || l.SHA256 == "" || len(l.Document) == 0 {
		return unusable(file, "it is not what gateway diff --lock writes")
	}
	if known != nil && known.Hash == l.SHA256 {
		return nil
	}
	now, err := openapi.Trace(contract)
	if err != nil {
		return err
	}
	if now.Hash == l.SHA256 {
		return nil
	}
	was, err := l.read(file, data)
	if err != nil {
		return unusable(file, err.Error())
	}
	report, err := Compare(Side{Traced: was, Label: file}, Side{Traced: now, Label: contract})
	if err != nil {
		return err
	}
	return report.frozen()
}

func unusable(file, why string) error {
	return &finding.Error{
		Message: "the lock of a published contract cannot be used: " + why, At: finding.Position{File: file},
		Hint: "take it from version control; to end the freeze, remove the file",
	}
}

// read makes a contract of the document in the lock file, whose places are lines of it.
func (l *lock) read(file string, data []byte) (*openapi.Traced, error) {
	before := strings.Index(string(data), `"document":`)
	if before < 0 {
		return nil, errors.New("it is not what gateway diff --lock writes")
	}
	padded := strings.Repeat("\n", strings.Count(string(data[:before]), "\n")) + string(l.Document)
	return openapi.TraceData(file, []byte(padded))
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
