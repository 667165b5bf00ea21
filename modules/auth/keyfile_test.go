package auth_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gateway/internal/gatewaytest"
	"gateway/modules/auth/authtest"
)

func TestKeyFiles(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"key.pem": signing.PEM(), "key.json": asJSON(signing.JWK(nil)), "set.json": authtest.Set(signing, next),
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		caddyfile := site("auth our-issuer {\n\tkey " + name + "\n\taudience orders\n}")
		gw, err := gatewaytest.LoadFile(t, filepath.Join(dir, "Caddyfile"), caddyfile)
		if err != nil {
			t.Fatal(err)
		}
		token := signing.Token(authtest.Good("our-issuer", "orders", nil), nil)
		if res := gw.Do("GET", "/", "Authorization", bearer(token)); res.Code != 200 || res.Body.String() != "user=alice" {
			t.Errorf("%s: got %d %s", name, res.Code, res.Body)
		}
		stranger := authtest.New("ES256", "stranger").Token(authtest.Good("our-issuer", "orders", nil), nil)
		if res := gw.Do("GET", "/", "Authorization", bearer(stranger)); res.Code != 401 {
			t.Errorf("%s: a stranger's token: got %d", name, res.Code)
		}
	}
}

// A changed key file takes effect without a reload, and a broken one does not.
func TestKeyFileIsWatched(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "set.json")
	write := func(content string) {
		if err := os.WriteFile(file+".new", []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	write(authtest.Set(signing))
	gw, err := gatewaytest.LoadFile(t, filepath.Join(dir, "Caddyfile"), site("auth our-issuer {\n\tkey set.json\n\taudience orders\n}"))
	if err != nil {
		t.Fatal(err)
	}
	code := func(key *authtest.Key) int {
		return gw.Do("GET", "/", "Authorization", bearer(key.Token(authtest.Good("our-issuer", "orders", nil), nil))).Code
	}
	if code(signing) != 200 || code(next) != 401 {
		t.Fatal("the first keys are not in force")
	}
	write("{broken")
	time.Sleep(1200 * time.Millisecond)
	if code(signing) != 200 {
		t.Error("a broken file took the keys away")
	}
	write(authtest.Set(next))
	eventually(t, func() bool { return code(next) == 200 })
	if code(signing) != 401 {
		t.Error("the removed key is still in force")
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const secret = "0123456789abcdef0123456789abcdef"
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	gw := gatewaytest.New(t, site("auth our-issuer {\n\tsecret {file."+filepath.Join(dir, "secret")+"}\n\taudience any\n}"))
	key := authtest.Secret("HS256", secret)
	if res := gw.Do("GET", "/", "Authorization", bearer(key.Token(authtest.Good("our-issuer", "", nil), nil))); res.Code != 200 {
		t.Errorf("got %d", res.Code)
	}
	long := authtest.Secret("HS512", secret)
	if res := gw.Do("GET", "/", "Authorization", bearer(long.Token(authtest.Good("our-issuer", "", nil), nil))); res.Code != 401 {
		t.Errorf("HS512 with a secret of 32 bytes: got %d", res.Code)
	}
	config, err := gatewaytest.Adapt("Caddyfile", site("auth our-issuer {\n\tsecret {file."+filepath.Join(dir, "secret")+"}\n\taudience any\n}"))
	if err != nil || strings.Contains(string(config), secret) {
		t.Errorf("the secret is in the adapted config, or: %v", err)
	}
}

func TestOff(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, site("auth off"))
	if res := gw.Do("GET", "/", "Authorization", "Bearer x"); res.Code != 200 {
		t.Errorf("got %d", res.Code)
	}
}

func asJSON(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(data)
}
