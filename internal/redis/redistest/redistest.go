// Package redistest starts real Redis servers for tests.
package redistest

import (
	"bytes"
	"net"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"gateway/internal/freeport"
)

// Server is a redis-server of a test. It keeps nothing on disk.
type Server struct {
	// Addr is where it listens, "127.0.0.1:port". It stays the same over restarts.
	Addr string

	t       testing.TB
	args    []string
	process *exec.Cmd
}

// Start starts a server that ends with the test, with further arguments such as
// "--requirepass", "secret". The test is skipped where there is no redis-server.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("redis-server is not installed; scripts/setup installs it")
	}
	s := &Server{Addr: freeport.Address(t), t: t, args: args}
	t.Cleanup(s.Kill)
	s.Run()
	return s
}

// Sentinel starts a Sentinel with a configuration file, which it rewrites.
func Sentinel(t testing.TB, file string) *Server {
	t.Helper()
	return Start(t, file, "--sentinel")
}

// URL returns the address as a URL.
func (s *Server) URL() string { return "redis://" + s.Addr }

// Run starts the server again, empty, after Kill.
func (s *Server) Run() {
	s.t.Helper()
	_, port, _ := net.SplitHostPort(s.Addr)
	base := []string{"--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no", "--dir", s.t.TempDir()}
	s.process = exec.Command("redis-server", s.arguments(base)...)
	var output bytes.Buffer
	s.process.Stdout, s.process.Stderr = &output, &output
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	deadline := time.After(10 * time.Second)
	for !s.answers() {
		select {
		case <-deadline:
			s.t.Fatalf("redis-server did not start: %s", output.String())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// arguments puts the arguments of a server behind base. A configuration file stands
// first, and what a Sentinel does not know is left out.
func (s *Server) arguments(base []string) []string {
	if slices.Contains(s.args, "--sentinel") {
		return append(s.args[:len(s.args):len(s.args)], base[:4]...)
	}
	return append(base, s.args...)
}

func (s *Server) answers() bool {
	conn, err := net.DialTimeout("tcp", s.Addr, time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	n, _ := conn.Read(make([]byte, 64)) // PONG, or that a password is missing
	return n > 0
}

// Kill ends the server as a crash would (SIGKILL). All data are lost.
func (s *Server) Kill() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
	s.process = nil
}

// Freeze stops the server from answering while connections stay open (SIGSTOP).
func (s *Server) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw lets it go on (SIGCONT).
func (s *Server) Thaw() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(signal syscall.Signal) {
	s.t.Helper()
	if err := s.process.Process.Signal(signal); err != nil {
		s.t.Fatal(err)
	}
}

// Do runs a command through redis-cli and returns what it prints.
func (s *Server) Do(args ...string) string {
	s.t.Helper()
	_, port, _ := net.SplitHostPort(s.Addr)
	output, err := exec.Command("redis-cli", append([]string{"-p", port}, args...)...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("redis-cli %v: %v: %s", args, err, output)
	}
	return string(bytes.TrimSpace(output))
}
