package auth

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gateway/internal/testfile"
)

// verifyWith is the signature layer: it takes a compact JWS apart, without looking at
// its payload, and verifies it with the keys of one JWK.
func verifyWith(jwk []byte, compact string) string {
	set, err := readKeys(jwk)
	if err != nil {
		return "key: " + err.Error()
	}
	parts := strings.Split(compact, ".")
	if len(parts) == 3 {
		// The vectors' payloads are no claims; what is signed stays what it is.
		if _, ok := decodeBase64(parts[1]); !ok {
			return notBase64.Error()
		}
		compact = parts[0] + ".e30." + parts[2]
	}
	t, f := parse(compact)
	if f != none {
		return f.Error()
	}
	t.signed = []byte(parts[0] + "." + parts[1])
	if f := set.verify(&t); f != none {
		return f.Error()
	}
	return ""
}

// notFollowed are the verdicts of the file that a strict verifier does not follow.
var notFollowed = map[int]string{
	367: "byte for byte the valid vector 357; the suite contradicts itself",
	370: "byte for byte the valid vector 357; the suite contradicts itself",
	372: "'?' inside base64url is to be refused (RFC 7515 §2)",
	373: "'?' inside base64url is to be refused (RFC 7515 §2)",
	346: "alg PS384 with a key for PS256 (RFC 8725 §3.1)",
	350: "alg PS384 with a key for PS256 (RFC 8725 §3.1)",
	347: "the key's alg ES521 is not registered",
	351: "the key's alg ES521 is not registered",
}

func TestWycheproof(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join(testfile.Shared(t, "wycheproof-jws"), "json_web_signature_test.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		TestGroups []struct {
			Public, Private json.RawMessage
			Tests           []struct {
				TcID    int `json:"tcId"`
				Comment string
				JWS     json.RawMessage
				Result  string
			}
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, group := range file.TestGroups {
		key := group.Public
		if key == nil {
			key = group.Private
		}
		for _, test := range group.Tests {
			count++
			compact := string(test.JWS)
			if json.Unmarshal(test.JWS, &compact) != nil {
				compact = string(test.JWS) // JSON serialization
			}
			got := verifyWith(key, compact)
			want := test.Result == "valid"
			if reason, ok := notFollowed[test.TcID]; ok {
				if want = !want; (got == "") != want {
					t.Errorf("%d (%s): the verdict is followed after all, although %s", test.TcID, test.Comment, reason)
				}
				continue
			}
			if (got == "") != want {
				t.Errorf("%d (%s): got %q, want %s", test.TcID, test.Comment, got, test.Result)
			}
		}
	}
	if count != 401 {
		t.Errorf("the file has %d vectors, want 401", count)
	}
}

func TestCookbook(t *testing.T) {
	t.Parallel()
	dir := testfile.Shared(t, "jose-cookbook")
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var example struct {
			Input  struct{ Key map[string]any }
			Output struct{ Compact string }
		}
		if err := json.Unmarshal(data, &example); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if example.Output.Compact == "" {
			continue // the files with keys only
		}
		count++
		for _, member := range []string{"d", "p", "q", "dp", "dq", "qi"} {
			delete(example.Input.Key, member) // the examples sign with the private key
		}
		if alg, _ := example.Input.Key["alg"].(string); alg == "ES521" {
			delete(example.Input.Key, "alg")
		}
		key, err := json.Marshal(example.Input.Key)
		if err != nil {
			t.Fatal(err)
		}
		if got := verifyWith(key, example.Output.Compact); got != "" {
			t.Errorf("%s: %s", filepath.Base(name), got)
		}
		broken := example.Output.Compact[:len(example.Output.Compact)-5] + "AAAAA"
		if verifyWith(key, broken) == "" {
			t.Errorf("%s: a broken signature verifies", filepath.Base(name))
		}
	}
	if count != 5 {
		t.Errorf("%d examples were verified, want 5", count)
	}
}
