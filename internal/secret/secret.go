// Package secret knows what must not be shown: by the names of header fields, members,
// parameters and cookies, and by the form of tokens. It masks texts that clients and
// services sent, before anybody can read them.
//
//	secret.go  names
//	field.go   header fields, targets and forms
//	text.go    JSON, multipart and any other text
//	token.go   what is secret by its form
//
// All of them read a text once or twice, whatever it is: clients choose it.
package secret

import (
	"strings"
	"sync"
)

// Cover stands for a masked value, whatever its length.
const Cover = "••••"

// words are parts of names that tell of a secret, once their separators are gone.
var words = []string{
	"password", "passwd", "passphrase", "secret", "token", "apikey", "accesskey", "privatekey", "credential",
	"authorization", "session", "cookie", "signature", "assertion", "codeverifier", "csrf", "xsrf",
}

// whole are names that tell of a secret by themselves.
var whole = map[string]bool{
	"pwd": true, "pass": true, "pin": true, "otp": true, "cvv": true, "cvc": true, "auth": true, "sig": true, "jwt": true,
	"key": true, "sid": true, "dpop": true, "cardnumber": true, "pan": true, "iban": true, "ssn": true,
}

// plain are names that only look like one.
var plain = map[string]bool{
	"tokentype": true, "tokenendpoint": true, "tokentypehint": true, "secwebsocketkey": true, "idempotencykey": true,
	"surrogatekey": true, "proxyauthenticate": true, "wwwauthenticate": true, "sessionstate": true,
}

// Member tells whether a member, parameter or cookie of that name holds a secret.
func Member(name string) bool {
	folded := fold(name)
	if folded == "" || plain[folded] {
		return false
	}
	if whole[folded] || named.has(folded) {
		return true
	}
	for _, word := range words {
		if strings.Contains(folded, word) {
			return true
		}
	}
	return false
}

// field tells whether a header field of that name holds a secret.
func field(name string) bool {
	folded := fold(name)
	return Member(name) || strings.HasSuffix(folded, "key") && !plain[folded]
}

// fold takes the separators off a name, and makes it lower case.
func fold(name string) string {
	if len(name) > maxName {
		name = name[:maxName]
	}
	return strings.Map(func(r rune) rune {
		switch r {
		case '-', '_', '.', ' ', '[', ']', '"', '\'':
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// maxName bounds the part of a name that is looked at, and maxNames the names that
// configurations may add.
const (
	maxName  = 128
	maxNames = 1000
)

// Name adds the name of a field, parameter or cookie that a configuration takes secrets
// from, such as that of an API key. It is masked from then on.
func Name(name string) { named.add(fold(name)) }

var named names

// names is what configurations have added.
type names struct {
	mu   sync.RWMutex
	held map[string]struct{}
}

func (n *names) has(folded string) bool {
	n.mu.RLock()
	defer n.mu.RUnlock()
	_, ok := n.held[folded]
	return ok
}

func (n *names) add(folded string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.held == nil {
		n.held = make(map[string]struct{})
	}
	if folded != "" && len(n.held) < maxNames {
		n.held[folded] = struct{}{}
	}
}
