package filter

import (
	"errors"
	"strings"
	"testing"
)

// subject is a request with these values.
type subject map[Key]any

func (s subject) Texts(dst []string, key Key) []string {
	switch value := s[key].(type) {
	case string:
		return append(dst, value)
	case []string:
		return append(dst, value...)
	}
	return dst
}

func (s subject) Number(key Key) float64 {
	n, _ := s[key].(float64)
	return n
}

var order = subject{
	Reason: "schema.body", Status: 422.0, Method: "POST", Path: "/v1/orders/17", Route: "/v1/orders/{id}", API: "orders", Version: "v1",
	Consumer: "Alice Example", Outcome: "refused", Policy: []string{"validate", "per tenant"}, ID: "0189", Query: "limit=3", Group: "canary", Operation: "createOrder", Host: "shop.example",
	TotalMS: 12.5, OwnMS: 0.25, UpstreamMS: 0.0, Bytes: 300.0,
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"":                              true,
		"   ":                           true,
		"reason:schema.*":               true,
		"reason:schema.body":            true,
		"reason:schema":                 false,
		"reason:*":                      true,
		"reason:*body":                  true,
		"reason:s*m*.b*y":               true,
		"reason:s*x*":                   false,
		"reason:auth.*,schema.*":        true,
		`reason:""`:                     false,
		`stream:""`:                     true,
		"stream:*":                      true,
		"-reason:schema.*":              false,
		"-reason:auth.*":                true,
		"--reason:auth.*":               true, // a word that begins with "-"
		"method:post":                   true,
		"METHOD:POST":                   true,
		"status:422":                    true,
		"status:=422":                   true,
		"status:4*":                     true,
		"status:404,422":                true,
		"status:404,>=500":              false,
		"status:>=400 status:<500":      true,
		"status:>422":                   false,
		"status:<=422":                  true,
		"status:<422":                   false,
		"status:400..499":               true,
		"status:422..422":               true,
		"status:423..499":               false,
		"status:400..":                  true,
		"status:..400":                  false,
		"status:4xx":                    true,
		"status:4XX,500":                true,
		"status:5xx":                    false,
		"-status:2xx":                   true,
		"total_ms:12ms..13ms":           true,
		"total_ms:>0.01s":               true,
		"total_ms:1s..":                 false,
		"query:limit=*":                 true,
		"limit=3":                       true,
		"group:canary":                  true,
		"-group:stable":                 true,
		"total_ms:>12":                  true,
		"total_ms:<1e1":                 false,
		"own_ms:0.25":                   true,
		"bytes:>299":                    true,
		`consumer:"Alice Example"`:      true,
		`consumer:"alice example",bob`:  true,
		`consumer:"alice*"`:             false, // in quotes "*" is a character
		"consumer:alice*":               true,
		"policy:validate":               true,
		`policy:"per tenant"`:           true,
		"policy:auth":                   false,
		"-policy:auth":                  true,
		"path:/v1/orders/*":             true,
		"path:/v1/orders":               false,
		"route:/v1/orders/{id}":         true,
		"orders":                        true,
		"ORDERS/17":                     true,
		"nothing":                       false,
		"-nothing":                      true,
		"422":                           true,
		`"alice ex"`:                    true,
		"shop alice createorder":        true,
		"shop bob":                      false,
		"/v1/*/17":                      true,
		"reason:schema.* -method:GET 4": true,
		"outcome:refused,failed":        true,
	} {
		f, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		// "4" alone is a word: no text has it, and the status is compared as a whole.
		if strings.HasSuffix(text, " 4") {
			want = f.Match(subject{Status: 4.0}) || f.Match(order)
		}
		if got := f.Match(order); got != want {
			t.Errorf("%s: got %t, want %t", text, got, want)
		}
	}
}

// TestMistakes have a place and a hint.
func TestMistakes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text             string
		position, length int
		message, hint    string
	}{
		{"stauts:400", 0, 6, "stauts is not a key", "did you mean status?"},
		{"method:GET  reson:x", 12, 5, "reson is not a key", "did you mean reason?"},
		{"é -nope:x", 3, 4, "nope is not a key", "one of: reason, status"},
		{"http://x", 0, 4, "http is not a key", "in quotes it is a word"},
		{"status:high", 7, 4, `status is compared with a number, got "high"`, "such as status:>=400"},
		{"status:404,>=x", 11, 3, `got ">=x"`, "such as status:>=400"},
		{"status:NaN", 7, 3, "compared with a number", ""},
		{"status:", 7, 1, "status needs a value", `such as status:>=400`},
		{"stream:", 7, 1, "stream needs a value", `stream:"" finds`},
		{"reason:a,", 9, 1, "reason needs a value", ""},
		{"reason:,a", 7, 1, "reason needs a value", ""},
		{`consumer:"alice`, 9, 6, "a quote is not closed", `end it with "`},
		{`consumer:"a"b`, 12, 1, "text follows a quote", "put a space"},
		{"-", 0, 1, `"-" needs a term`, "such as -method:GET"},
		{"- method:GET", 0, 1, `"-" needs a term`, ""},
		{"status>=400", 0, 11, "a comparison stands behind a colon", "write status:>=400"},
		{"method=GET", 0, 10, "a comparison stands behind a colon", "write method:GET"},
		{"status!=200", 0, 11, "a comparison stands behind a colon", "write -status:200"},
		{"path~/v1", 0, 8, "a comparison stands behind a colon", "write path:/v1"},
		{"status:!=200", 7, 5, "compared with a number", "write -status:200"},
		{`status:""`, 7, 2, "compared with a number", "such as status:>=400 or status:400..499"},
		{"status:499..400", 7, 8, "compared with a number", "begins with the smaller number: status:400..499"},
		{"status:..", 7, 2, "compared with a number", "a number at one end or both"},
		{"status:4x", 7, 2, "compared with a number", "such as status:>=400"},
		{"bytes:5s", 6, 2, "compared with a number", ""},
		{"own_ms:>fast", 7, 5, "compared with a number", "own_ms:>250 or own_ms:>1.5s"},
		{"method:GET OR method:PUT", 11, 2, "OR is not known", "with commas between them"},
		{"a AND b", 2, 3, "AND is not needed", "have to match all"},
		{"NOT a", 0, 3, "NOT is not known", "-method:GET"},
		{"!path:/health", 0, 13, `"!" is not known`, "-path:/health"},
		{strings.Repeat("a ", 40), 64, 16, "more than 32 terms", ""},
		{strings.Repeat("a", 1025), 0, 0, "longer than 1024 bytes", ""},
		{"\xff", 0, 0, "not UTF-8", ""},
	} {
		_, err := Parse(c.text)
		mistake, ok := errors.AsType[*Error](err)
		if !ok {
			t.Errorf("%s: got %v", c.text, err)
			continue
		}
		if mistake.Position != c.position || mistake.Length != c.length || !strings.Contains(mistake.Message, c.message) || !strings.Contains(mistake.Hint, c.hint) {
			t.Errorf("%s: got %+v", c.text, mistake)
		}
	}
}

// TestNotIsTheOpposite for every term there is.
func TestNotIsTheOpposite(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"orders", "reason:x", "status:>=400", "policy:auth,validate", `"a b"`, "stream:*"} {
		yes, err1 := Parse(text)
		no, err2 := Parse("-" + text)
		if err1 != nil || err2 != nil || yes.Match(order) == no.Match(order) {
			t.Errorf("%s: %v %v", text, err1, err2)
		}
	}
}

// FuzzParse: a filter is compiled, or refused at a place within it; and matching ends.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"reason:schema.* status:>=400 -a", `consumer:"a b",c*d`, "-", `"`, "status:<", "é:x", "a*b*c*d", `"\`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		compiled, err := Parse(text)
		if err == nil {
			compiled.Match(order)
			return
		}
		mistake, ok := errors.AsType[*Error](err)
		if !ok || mistake.Message == "" || mistake.Position < 0 || mistake.Position+mistake.Length > len([]rune(text))+1 {
			t.Errorf("%q: %+v", text, err)
		}
	})
}
