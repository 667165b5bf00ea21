package dev

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/caddyserver/caddy/v2"

	"gateway/internal/finding"
)

// Where the console and the admin endpoint usually are.
const (
	usualConsole = "127.0.0.1:2021"
	anyLoopback  = "127.0.0.1:0"
)

// addresses are what a configuration listens on, with what for.
type addresses map[string]string

// What an address is for.
const (
	forSite    = "a site"
	forAdmin   = "the admin endpoint"
	forConsole = "the console"
)

// admin returns the address of the admin endpoint.
func (a addresses) admin() string {
	for address, purpose := range a {
		if purpose == forAdmin {
			return address
		}
	}
	return ""
}

// settings are the parts of a configuration that name addresses.
type settings struct {
	Admin struct {
		Disabled bool   `json:"disabled"`
		Listen   string `json:"listen"`
	} `json:"admin"`
	Apps struct {
		Gateway struct {
			Console string `json:"console"`
		} `json:"gateway"`
		HTTP struct {
			Servers map[string]struct {
				Listen []string `json:"listen"`
			} `json:"servers"`
		} `json:"http"`
	} `json:"apps"`
}

func settingsOf(config []byte) (*settings, error) {
	s := new(settings)
	if err := json.Unmarshal(config, s); err != nil {
		return nil, fmt.Errorf("decoding the adapted config: %w", err)
	}
	return s, nil
}

// choose decides where the console and the admin endpoint are, if the configuration does
// not say: where they usually are, or else at a free port. What was chosen stays for the
// whole session.
func (s *session) choose(config []byte) error {
	said, err := settingsOf(config)
	if err != nil {
		return err
	}
	switch {
	case s.console != "":
		s.given.console = s.console
	case said.Apps.Gateway.Console != "":
		s.given.console, s.given.moved = said.Apps.Gateway.Console, false
	case s.given.console == "":
		if s.given.console, err = freeAddress(usualConsole); err != nil {
			return err
		}
		s.given.moved = s.given.console != usualConsole
	}
	if s.given.admin == "" && said.Admin.Listen == "" && !said.Admin.Disabled {
		s.given.admin, err = freeAddress(caddy.DefaultAdminListen)
	}
	return err
}

// freeAddress returns the usual address, or one with a free port if somebody listens
// there.
func freeAddress(usual string) (string, error) {
	if listenable(usual) == nil {
		return usual, nil
	}
	return anyAddress()
}

// anyAddress returns one with a free port.
func anyAddress() (string, error) {
	listener, err := net.Listen("tcp", anyLoopback)
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

// listenable returns nil if nobody listens on a TCP address. Caddy itself would not find
// out: it lets several processes share a port (SO_REUSEPORT), and each gets a part of
// the requests.
func listenable(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	return listener.Close()
}

// addressesOf lists the TCP addresses of a configuration.
func addressesOf(config []byte) (addresses, error) {
	said, err := settingsOf(config)
	if err != nil {
		return nil, err
	}
	list := addresses{}
	add := func(listen, purpose string) {
		parsed, err := caddy.ParseNetworkAddress(listen)
		if err != nil || parsed.IsUnixNetwork() || parsed.IsFdNetwork() || parsed.Network != "tcp" {
			return // Caddy says what is wrong with it
		}
		for i := range parsed.PortRangeSize() {
			list[parsed.JoinHostPort(i)] = purpose
		}
	}
	for _, server := range said.Apps.HTTP.Servers {
		for _, listen := range server.Listen {
			add(listen, forSite)
		}
	}
	if !said.Admin.Disabled && said.Admin.Listen != "" {
		add(said.Admin.Listen, forAdmin)
	}
	add(said.Apps.Gateway.Console, forConsole)
	return list, nil
}

// releasing bounds how long an address that was just given up may take to be free.
const releasing = 250 * time.Millisecond

// stillTaken tells whether somebody listens on an address, and goes on to.
func stillTaken(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, releasing)
	defer cancel()
	ticker := time.NewTicker(releasing / 10)
	defer ticker.Stop()
	for errors.Is(listenable(address), syscall.EADDRINUSE) {
		select {
		case <-ctx.Done():
			return true
		case <-ticker.C:
		}
	}
	return false
}

// errTaken tells that somebody else listens on an address.
var errTaken = errors.New("an address is taken")

// takenError is the findings that say so.
type takenError struct{ found finding.List }

// Error implements error.
func (e takenError) Error() string { return e.found.Error() }

// Unwrap returns the findings.
func (e takenError) Unwrap() error { return e.found }

// Is implements the interface of errors.Is.
func (e takenError) Is(target error) bool { return target == errTaken }

// free tells whether nobody else listens on the addresses. Those that the session itself
// listens on are free.
func (s *session) free(ctx context.Context, want addresses) error {
	var taken finding.List
	for _, address := range slices.Sorted(maps.Keys(want)) {
		if _, ours := s.live[address]; ours || address == s.admin {
			continue
		}
		// What is wrong otherwise, Caddy says.
		if stillTaken(ctx, address) {
			taken = append(taken, s.inUse(address, want[address]))
		}
	}
	if taken == nil {
		return nil
	}
	return takenError{taken}
}

func (s *session) inUse(address, purpose string) *finding.Error {
	hint := "stop that program, perhaps gateway dev in another terminal, or choose another port"
	switch purpose {
	case forConsole:
		hint = "stop that program, or say another: gateway dev --console 127.0.0.1:2022"
	case forAdmin:
		hint = "stop that program, or name another address with the global option admin"
	}
	return &finding.Error{
		Message: fmt.Sprintf("%s is to listen on %s, where another program listens already", purpose, address),
		At:      placeOf(s.file, address), Word: address[strings.LastIndexByte(address, ':'):], Hint: hint,
	}
}

// placeOf looks for the port of an address in a file.
func placeOf(file, address string) finding.Position {
	at := finding.Position{File: file}
	port := address[strings.LastIndexByte(address, ':'):]
	body, err := os.ReadFile(file)
	if err != nil {
		return at
	}
	number := 0
	for line := range strings.Lines(string(body)) {
		if number++; slices.ContainsFunc(strings.Fields(line), func(word string) bool { return strings.HasSuffix(strings.Trim(word, ",/"), port) }) {
			at.Line = number
			return at
		}
	}
	return at
}
