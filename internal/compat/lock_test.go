package compat

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gateway/internal/openapi"
	"gateway/internal/testfile"
)

func write(t testing.TB, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestLock: a frozen contract may be edited as long as nobody breaks.
func TestLock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "openapi.yaml")
	write(t, file, shop)
	if err := CheckLock(file, nil); err != nil {
		t.Errorf("a contract without a lock: %v", err)
	}
	lockFile, err := Lock(file)
	if err != nil || lockFile != filepath.Join(dir, "openapi.lock") {
		t.Fatalf("locking: %s, %v", lockFile, err)
	}
	first, _ := os.ReadFile(lockFile)
	contract, err := openapi.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckLock(file, contract); err != nil {
		t.Errorf("an untouched contract: %v", err)
	}
	write(t, file, "# published in May\n"+strings.Replace(shop, "        fax:", "        mail: {type: string}\n        fax:", 1))
	if err := CheckLock(file, nil); err != nil {
		t.Errorf("a field more: %v", err)
	}
	write(t, file, withoutFax("title: Item"))
	err = CheckLock(file, nil)
	if err == nil {
		t.Fatal("a field less is accepted")
	}
	testfile.Golden(t, "testdata/frozen.golden", strings.ReplaceAll(err.Error(), dir+"/", "")+"\n")
	if _, err := Lock(file); err == nil {
		t.Error("locking again gives the freeze up")
	}
	if now, _ := os.ReadFile(lockFile); string(now) != string(first) {
		t.Error("a refused lock has changed the file")
	}
	write(t, file, withoutFax("x-allow-breaking: {response-optional-property-removed: nobody has one}"))
	if err := CheckLock(file, nil); err != nil {
		t.Errorf("a field less with a waiver: %v", err)
	}
	if _, err := Lock(file); err != nil {
		t.Errorf("locking what is waived: %v", err)
	}
	if now, _ := os.ReadFile(lockFile); string(now) == string(first) {
		t.Error("the lock is the old one")
	}
}

// TestLocksThatAreWrong: a lock that cannot be read is no reason to let edits through.
func TestLocksThatAreWrong(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty": "", "no_json": "v1", "no_document": `{"sha256":"00"}`, "no_hash": `{"document":{}}`,
		"no_contract": `{"sha256":"00","document":{"openapi":"3.1.0"}}`,
	} {
		file := filepath.Join(t.TempDir(), "openapi.yaml")
		write(t, file, shop)
		write(t, LockFile(file), text)
		if err := CheckLock(file, nil); err == nil {
			t.Errorf("%s: accepted", name)
		} else if !strings.Contains(err.Error(), "the lock of a published contract cannot be used") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLockOfManyFiles: a lock holds what other files say, too.
func TestLockOfManyFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "openapi.yaml")
	write(t, file, strings.Replace(shop, "        id: {type: string}\n", "        id: {$ref: id.yaml}\n", 1))
	write(t, filepath.Join(dir, "id.yaml"), "type: string\n")
	if _, err := Lock(file); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "id.yaml"), "type: integer\n")
	if err := CheckLock(file, nil); err == nil || !strings.Contains(err.Error(), "id.yaml:1") {
		t.Errorf("got %v", err)
	}
}
