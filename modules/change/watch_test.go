package change_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gateway/internal/gatewaytest"
)

// TestChangesAreWatched: an edit of a change file is served without a reload, and one that
// cannot be used leaves what is served as it is.
func TestChangesAreWatched(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.says(200, "application/json", order, "ETag", `"abc"`)
	dir := filepath.Join(t.TempDir(), "orders")
	if err := os.CopyFS(dir, os.DirFS(example)); err != nil {
		t.Fatal(err)
	}
	gw := gatewaytest.New(t, ":8080 {\n\tapi orders {\n\t\tcontract "+dir+"\n\t\treverse_proxy "+s.Listener.Addr().String()+"\n\t}\n}\n")
	get := func() string { return gw.Do("GET", "/v1/purchases/ord_000001").Body.String() }
	eventually := func(what string, done func() bool) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: still %s", what, get())
			}
		}
	}
	if got := get(); got != orderV1 {
		t.Fatalf("got %s", got)
	}
	tag := gw.Do("GET", "/v1/purchases/ord_000001").Header().Get("ETag")
	file := filepath.Join(dir, "v2", "changes", "2026-03-02-quantity.yaml")
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(strings.Replace(string(good), "to: quantity", "to: amount", 1))
	eventually("a bad edit", func() bool { return gw.Metric("gateway_contract_healthy", "api", "orders", "version", "v2") == 0 })
	if got := get(); got != orderV1 {
		t.Errorf("a bad edit: got %s", got)
	}
	write(string(good) + "\n")
	eventually("a good edit", func() bool { return gw.Metric("gateway_contract_healthy", "api", "orders", "version", "v2") == 1 })
	added := filepath.Join(dir, "v2", "changes", "2026-07-01-currency.yaml")
	if err := os.WriteFile(added, []byte("description: Currencies have lower-case names for old clients.\noperation: getOrder\nresponse:\n  - map: currency\n    values: { eur: EUR, gbp: GBP, usd: USD }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	eventually("another file", func() bool { return strings.Contains(get(), `"currency":"eur"`) })
	if now := gw.Do("GET", "/v1/purchases/ord_000001").Header().Get("ETag"); tag == "" || now == tag {
		t.Errorf("other changes, and the same tag %s", tag)
	}
}

func seen(m *sync.Map) bool {
	found := false
	m.Range(func(_, _ any) bool { found = true; return false })
	return found
}

// TestUntouchedOperationsAreNotHeld: what no change touches is told its path and version, and costs
// next to nothing more.
func TestUntouchedOperationsAreNotHeld(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	s := newService(t)
	s.says(200, "text/plain", "fine")
	cost := func(lines, path string) float64 {
		gw := gatewaytest.New(t, ":8080 {\n\tapi orders {\n\t\tcontract "+example+"\n"+lines+"\t\trespond ok\n\t}\n}\n")
		return testing.AllocsPerRun(200, func() { gw.Do("GET", path) })
	}
	off, on := cost("\t\tchange {\n\t\t\tmode off\n\t\t}\n", "/v1/health"), cost("", "/v1/health")
	t.Logf("%.0f allocations without change, %.0f with", off, on)
	if on > off+3 {
		t.Errorf("an operation that no change touches costs %.0f allocations, %.0f without change", on, off)
	}
}

// TestEditsUnderLoad: while change files come, go and are broken, every response is that of one
// set of them, and the entity tag tells which.
func TestEditsUnderLoad(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.says(200, "application/json", order, "ETag", `"abc"`)
	dir := filepath.Join(t.TempDir(), "orders")
	if err := os.CopyFS(dir, os.DirFS(example)); err != nil {
		t.Fatal(err)
	}
	gw := gatewaytest.New(t, ":8080 {\n\tapi orders {\n\t\tcontract "+dir+"\n\t\treverse_proxy "+s.Listener.Addr().String()+"\n\t}\n}\n")
	file := filepath.Join(dir, "v2", "changes", "2026-07-01-currency.yaml")
	lower := strings.Replace(orderV1, `"EUR"`, `"eur"`, 1)
	var forms [2]sync.Map // tags of either form
	var clients sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				res := gw.Do("GET", "/v1/purchases/ord_000001")
				form := map[string]int{orderV1: 1, lower: 2}[res.Body.String()]
				if res.Code != 200 || form == 0 {
					t.Errorf("got %d %s", res.Code, res.Body)
					return
				}
				forms[form-1].Store(res.Header().Get("ETag"), true)
			}
		})
	}
	for _, text := range []string{
		"description: Currencies are lower-case.\noperation: getOrder\nresponse:\n  - map: currency\n    values: { eur: EUR, gbp: GBP, usd: USD }\n",
		"description: [\n", "",
	} {
		if text == "" {
			_ = os.Remove(file)
		} else if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1200 * time.Millisecond)
		for deadline := time.Now().Add(20 * time.Second); !seen(&forms[1]) && time.Now().Before(deadline); {
			time.Sleep(20 * time.Millisecond)
		}
	}
	if !seen(&forms[1]) {
		t.Error("the new file was never served")
	}
	close(stop)
	clients.Wait()
	forms[0].Range(func(tag, _ any) bool {
		if _, both := forms[1].Load(tag); both {
			t.Errorf("two forms have the tag %s", tag)
		}
		return true
	})
}
