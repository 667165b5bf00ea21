package finding

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
)

// secretMember matches the members of Caddy's JSON, and header fields in it, whose
// values are not for showing.
var secretMember = regexp.MustCompile(`(?i)^(?:(?:[a-z0-9]+[_-])*(?:secret|secrets|hmac|password|passwd|pass|passphrase|token|api[_-]key|mac[_-]key|private[_-]key|credentials)|key|authorization|proxy-authorization|cookie|set-cookie)$`)

// minSecret is how long the value of an environment variable has to be to be looked for
// within texts; a shorter one would cover words that have nothing to do with it.
const minSecret = 6

// MaskJSON covers what looks secret in a configuration as Caddy's JSON: by the name of
// the member, by its form, and the values of environment variables that are named like
// a secret. Numbers stay as they are written.
func MaskJSON(config []byte) (json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(config))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	m := masker{known: secretsOf(os.Environ())}
	return json.Marshal(m.value(tree, false))
}

// secretsOf returns the values of the variables that are named like secrets.
func secretsOf(environment []string) []string {
	var known []string
	for _, variable := range environment {
		name, value, _ := strings.Cut(variable, "=")
		if len(value) >= minSecret && secretWord.MatchString(name) {
			known = append(known, value)
		}
	}
	return known
}

type masker struct{ known []string }

// value masks a value, all of it if its name says that it is secret.
func (m *masker) value(value any, secret bool) any {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			_, list := member.([]any)
			// Keys of limits are lists of placeholders, and no secrets.
			v[name] = m.value(member, secretMember.MatchString(name) && !(list && name == "key"))
		}
		return v
	case []any:
		for i := range v {
			v[i] = m.value(v[i], secret)
		}
		return v
	case string:
		if secret && v != "" && !openValue.MatchString(v) {
			return cover
		}
		return m.text(v)
	}
	return value
}

// text masks the parts of a text that are known to be secret, or look so.
func (m *masker) text(text string) string {
	if strings.Contains(text, "PRIVATE KEY-----") {
		return cover
	}
	for _, secret := range m.known {
		text = strings.ReplaceAll(text, secret, cover)
	}
	if strings.HasPrefix(text, "/") {
		return text // a long path looks like a line of a PEM block
	}
	var spans [][]int
	for _, pattern := range secretValues {
		for _, match := range pattern.FindAllStringSubmatchIndex(text, -1) {
			spans = append(spans, match[2:4])
		}
	}
	spans = merge(spans)
	for i := len(spans) - 1; i >= 0; i-- {
		text = text[:spans[i][0]] + cover + text[spans[i][1]:]
	}
	return text
}
