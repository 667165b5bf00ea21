package redis_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"gateway/internal/freeport"
	"gateway/internal/redis"
	"gateway/internal/redis/redistest"
)

// certificate writes a certificate for 127.0.0.1 that signs itself, and its key.
func certificate(t *testing.T) (roots *x509.CertPool, cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "store"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for file, text := range map[string][]byte{cert: public, key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(public)
	return roots, cert, key
}

// TestTLS: a server is spoken to only if its certificate is good.
func TestTLS(t *testing.T) {
	t.Parallel()
	roots, cert, key := certificate(t)
	port := strconv.Itoa(freeport.Port(t))
	redistest.Start(t, "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert, "--tls-auth-clients", "no")
	s := open(t, "rediss://127.0.0.1:"+port, func(o *redis.Options) { o.Roots = roots })
	soon(t, "up", s.Up)
	if _, err := s.Eval(add, []string{s.Key("k")}, []string{"1"}); err != nil {
		t.Error(err)
	}
	stranger := open(t, "rediss://127.0.0.1:"+port, func(o *redis.Options) { o.Roots = x509.NewCertPool() })
	soon(t, "refused", func() bool {
		err := stranger.Problem()
		return err != nil && strings.Contains(err.Error(), "x509")
	})
	plain := open(t, "redis://127.0.0.1:"+port, nil)
	time.Sleep(300 * time.Millisecond)
	if stranger.Up() || plain.Up() {
		t.Error("a store that cannot be trusted is in use")
	}
}

// TestACL: the rights that the README of modules/api names are enough for everything that is asked of a
// store, and other keys stay out of reach.
func TestACL(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	server.Do("ACL", "SETUSER", "gateway", "on", ">secret", "~test:*", "resetchannels", "-@all", "+@read", "+@write", "+@connection", "+@scripting", "+@transaction", "+time", "+cluster|slots", "+cluster|shards")
	s := open(t, "redis://gateway:secret@"+server.Addr, nil)
	soon(t, "up", s.Up)
	if _, err := s.Eval(add, []string{s.Key("k")}, []string{"1"}); err != nil {
		t.Error(err)
	}
	if _, found, err := s.Get(s.Key("k"), time.Minute); !found || err != nil {
		t.Error(found, err)
	}
	eventually(t, "counted among the gateways", func() bool { return server.Do("ZCARD", "test:nodes") == "1" })
	if _, err := s.Do("SET", "other", "1"); !errors.Is(err, redis.ErrUnavailable) || !strings.Contains(err.Error(), "NOPERM") {
		t.Errorf("a foreign key: %v", err)
	}
}
