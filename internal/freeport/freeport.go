// Package freeport gives tests ports that nobody listens on, for servers that start later,
// start again, or never start.
//
// A port that the system chooses is not good for that: once it is closed, the system gives
// it to the next outgoing connection, and nobody can listen on it. The ports here lie below
// those of outgoing connections, and processes that test at the same time do not get the
// same ones.
package freeport

import (
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
)

const (
	// first and beyond bound the ports. Linux gives outgoing connections those from 32768
	// on, macOS and Windows those from 49152 on.
	first, beyond = 12_000, 32_000
	// size is how many ports a process takes at a time. The lowest of them is kept, and
	// says that the others are taken.
	size = 40
)

// block is the ports of this process that are still to be given out.
var block struct {
	sync.Mutex
	kept       []net.Listener
	next, last int
}

// Port returns a port of 127.0.0.1 that nobody listens on, and that no other test gets.
func Port(t testing.TB) int {
	t.Helper()
	block.Lock()
	defer block.Unlock()
	for range 100 * size {
		if block.next >= block.last {
			take()
			continue
		}
		port := block.next
		block.next++
		if listener, err := listen(port); err == nil {
			_ = listener.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// Address returns 127.0.0.1 with a Port.
func Address(t testing.TB) string {
	t.Helper()
	return address(Port(t))
}

// take takes the next ports for this process, if nobody has them. Those before stay taken
// until the process ends: servers may still start there.
func take() {
	at := first + size*rand.IntN((beyond-first)/size)
	if keep, err := listen(at); err == nil {
		block.kept = append(block.kept, keep)
		block.next, block.last = at+1, at+size
	}
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func listen(port int) (net.Listener, error) { return net.Listen("tcp", address(port)) }
