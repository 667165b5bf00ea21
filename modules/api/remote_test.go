package api_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gateway/internal/freeport"
	"gateway/internal/gatewaytest"
)

// fastAPI is a service that has its contract itself, and can be stopped and started
// at one address.
type fastAPI struct {
	t       testing.TB
	address string
	server  *httptest.Server

	mu       sync.Mutex
	contract string
	asked    int // how often it gave the contract
	same     int // how often it said that the contract is the same
}

func newFastAPI(t testing.TB) *fastAPI {
	t.Helper()
	contract, err := os.ReadFile(filepath.Join("testdata", "fastapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	s := &fastAPI{t: t, address: freeport.Address(t), contract: string(contract)}
	t.Cleanup(s.stop)
	return s
}

func (s *fastAPI) start() {
	s.t.Helper()
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: s}}
	s.server.Start()
}

func (s *fastAPI) stop() {
	if s.server != nil {
		s.server.CloseClientConnections()
		s.server.Close()
		s.server = nil
	}
}

func (s *fastAPI) change(contract string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.contract = contract
}

func (s *fastAPI) count() (asked, same int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked, s.same
}

func (s *fastAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/openapi.json" {
		_, _ = io.WriteString(w, "the service")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	tag := fmt.Sprintf("\"%d\"", len(s.contract))
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		s.same++
		w.WriteHeader(http.StatusNotModified)
		return
	}
	s.asked++
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, s.contract)
}

// site is a gateway in front of the service, with what it keeps in a folder.
func (s *fastAPI) site(storage, options string) string {
	return fmt.Sprintf("{\n\tstorage file_system %s\n}\n:8080 {\n\tapi orders {\n\t\tcontract http://%s/openapi.json {\n\t\t\trefresh 1s\n\t\t}\n%s\t\treverse_proxy %[2]s\n\t}\n}\n",
		storage, s.address, options)
}

func TestTheServiceHasTheContract(t *testing.T) {
	t.Parallel()
	service, storage := newFastAPI(t), t.TempDir()
	original := service.contract
	gw := gatewaytest.New(t, service.site(storage, "\t\tdocs\n"))

	res := gw.Do("GET", "/orders/")
	if p := res.Problem(); res.Code != 503 || p.Code != "route.contract_unavailable" || p.RetryAfter < 1 || res.Header().Get("Retry-After") == "" {
		t.Fatalf("before the service was there: %d %s", res.Code, res.Body)
	}
	if res := gw.Do("GET", "/docs/errors/route.contract_unavailable"); res.Code != 200 {
		t.Errorf("the page about it: %d", res.Code)
	}
	if state := contracts(t, gw)[0]; !strings.Contains(state.Findings.Error(), "has not been fetched yet") {
		t.Errorf("before the service was there: %+v", state)
	}

	service.start()
	eventually(t, "the contract", answers(gw, "/orders/", 200))
	for target, want := range map[string]int{"/orders/?limit=0": 400, "/orders/?state=open&state=lost": 400, "/orders/?state=open&state=paid": 200, "/orders/7": 400, "/redoc": 404} {
		if got := gw.Do("GET", target).Code; got != want {
			t.Errorf("%s: got %d, want %d", target, got, want)
		}
	}
	if p := gw.Do("POST", "/orders/", "Content-Type", "application/json", "", `{"items":[{"sku":"tea","quantity":0}]}`).Problem(); p.Code != "schema.body" || len(p.Errors) != 2 {
		t.Errorf("a bad body: %+v", p)
	}
	if res := gw.Do("GET", "/docs/orders.json"); !strings.Contains(res.Body.String(), "list_orders_orders__get") {
		t.Errorf("the documentation: %d %.200s", res.Code, res.Body)
	}
	eventually(t, "a refresh without a change", func() bool { _, same := service.count(); return same > 0 })

	service.change(strings.Replace(original, `"/orders/{order_id}/receipt"`, `"/orders/{order_id}/bill"`, 1))
	eventually(t, "the change", func() bool { return gw.Do("GET", "/orders/1b4e28ba-2fa1-41d2-883f-0016d3cca427/bill").Code == 405 })

	service.change(strings.Replace(original, `"minimum": 1`, `"minimun": 1`, 1))
	eventually(t, "the finding", func() bool { return contracts(t, gw)[0].Findings != nil })
	want := fmt.Sprintf("http://%s/openapi.json:11:109: a schema has no \"minimun\"\n", service.address)
	if got := contracts(t, gw)[0].Findings.Error(); !strings.HasPrefix(got, want) || !strings.Contains(got, " > 11 │ ") || !strings.HasSuffix(got, "did you mean minimum?") {
		t.Errorf("the finding is\n%s", got)
	}
	service.stop()
	eventually(t, "the trouble", func() bool { return contracts(t, gw)[0].Trouble != "" })
	if p := gw.Do("GET", "/orders/").Problem(); p.Code != "upstream.refused" {
		t.Errorf("with the service down: %+v", p)
	}
	// A reload and a restart change nothing, although the service is down.
	gw = gw.Reload(service.site(storage, ""))
	if p := gw.Do("GET", "/orders/").Problem(); p.Code != "upstream.refused" {
		t.Errorf("after a reload: %+v", p)
	}
	gw.Close()
	gw = gatewaytest.New(t, service.site(storage, ""))
	if p := gw.Do("GET", "/orders/").Problem(); p.Code != "upstream.refused" {
		t.Errorf("after a restart: %+v", p)
	}
	if got := gw.Do("GET", "/orders/1b4e28ba-2fa1-41d2-883f-0016d3cca427/bill").Code; got != 405 {
		t.Errorf("after a restart the contract is not the last good one: %d", got)
	}
}

func TestAContractThatIsFetchedLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	service, storage := newFastAPI(t), t.TempDir()
	original := service.contract
	for reference, want := range map[string]string{
		"common.json#/State":                "a contract that was fetched may refer to nothing but itself",
		"/etc/passwd":                       "it lies outside the directory of the contract",
		"http://169.254.169.254/meta#/data": "contracts are read from their own directory only, never from the network",
	} {
		service.change(strings.Replace(original, "#/components/schemas/State", reference, 1))
		service.start()
		gw := gatewaytest.New(t, service.site(storage, ""))
		eventually(t, reference, func() bool {
			found := contracts(t, gw)[0].Findings.Error()
			return strings.Contains(found, "$ref") && strings.Contains(found, want)
		})
		if got := gw.Do("GET", "/orders/").Code; got != 503 {
			t.Errorf("%s: got %d", reference, got)
		}
		if state := contracts(t, gw)[0]; !state.Served.IsZero() {
			t.Errorf("%s: it is served: %+v", reference, state)
		}
		gw.Close()
		service.stop()
	}
}

// TestAnAPIThatWaitsHidesNoOther: the paths of the others are known.
func TestAnAPIThatWaitsHidesNoOther(t *testing.T) {
	t.Parallel()
	service := newFastAPI(t)
	gw := gatewaytest.New(t, fmt.Sprintf(":8080 {\n\tapi waits {\n\t\tcontract http://%s/openapi.json\n\t\tbase /shop\n\t\trespond shop\n\t}\n\tapi users {\n\t\tcontract testdata/users/openapi.yaml\n\t\tdocs\n\t\trespond users\n\t}\n}\n", service.address))
	for path, want := range map[string]int{"/users/alice": 200, "/docs/": 200, "/shop/orders/": 503, "/shop": 503, "/shopping": 404, "/": 404} {
		if got := gw.Do("GET", path).Code; got != want {
			t.Errorf("%s: got %d, want %d", path, got, want)
		}
	}
	if got := gw.Metric("gateway_requests_total", "api", "waits", "code", "503"); got != 2 {
		t.Errorf("%v requests of the api that waits are counted", got)
	}
}

// TestAServiceCannotTakeTheGuardAway: a contract of the service that demands tokens
// where nothing verifies them is not served.
func TestAServiceCannotTakeTheGuardAway(t *testing.T) {
	t.Parallel()
	service := newFastAPI(t)
	service.start()
	service.change(strings.Replace(service.contract, `"components": {`, `"security": [{"token": []}], "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},`, 1))
	gw := gatewaytest.New(t, service.site(t.TempDir(), ""))
	eventually(t, "the finding", func() bool { return strings.Contains(contracts(t, gw)[0].Findings.Error(), "has no auth") })
	if got := gw.Do("GET", "/orders/").Code; got != 503 {
		t.Errorf("got %d", got)
	}
}
