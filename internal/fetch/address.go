package fetch

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
)

// Address reads an address that is to be fetched. The error says what is wrong with it,
// and nothing of what is in it.
func Address(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme == "" || u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("it is not an absolute URL")
	case u.User != nil:
		return nil, errors.New("it has a user name or password in it")
	case u.Fragment != "":
		return nil, errors.New("it has a fragment")
	}
	return u, nil
}

// IsLoopback tells whether a host is this one, without asking anybody.
func IsLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}
