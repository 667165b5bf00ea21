package freeport

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// TestAddress: no address comes twice, here or in another process, and one can listen on it.
func TestAddress(t *testing.T) {
	if os.Getenv("FREEPORT_CHILD") != "" {
		for range 3 * size {
			t.Log(Address(t))
		}
		return
	}
	var mu sync.Mutex
	seen := map[string]bool{}
	note := func(address string) {
		mu.Lock()
		defer mu.Unlock()
		if seen[address] {
			t.Errorf("%s comes twice", address)
		}
		seen[address] = true
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range size {
				one := Address(t)
				note(one)
				listener, err := net.Listen("tcp", one)
				if err != nil {
					t.Error(err)
					continue
				}
				_ = listener.Close()
			}
		})
	}
	all.Wait()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestAddress$", "-test.v")
	child.Env = append(os.Environ(), "FREEPORT_CHILD=1")
	output, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	lines := 0
	for word := range strings.FieldsSeq(string(output)) {
		if strings.HasPrefix(word, "127.0.0.1:") {
			note(word)
			lines++
		}
	}
	if lines != 3*size {
		t.Errorf("the other process has %d addresses, want %d", lines, 3*size)
	}
}

// TestTaken: a port that somebody listens on is passed over.
func TestTaken(t *testing.T) {
	Port(t)
	block.Lock()
	block.next = block.last - 2
	taken, err := listen(block.next)
	want := block.next + 1
	block.Unlock()
	if err != nil {
		t.Skipf("somebody else listens there: %v", err)
	}
	defer taken.Close()
	if got := Port(t); got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}
