package change_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"gateway/internal/gatewaytest"
)

// nobody is a response writer that keeps nothing.
type nobody struct{ header http.Header }

func (n *nobody) Header() http.Header         { return n.header }
func (n *nobody) Write(p []byte) (int, error) { return len(p), nil }
func (n *nobody) WriteHeader(int)             {}

// BenchmarkCarry sets an operation whose response is carried back beside the same one in the
// version that the service speaks, and one that no change touches.
func BenchmarkCarry(b *testing.B) {
	gw := gatewaytest.New(b, ":8080 {\n\tapi orders {\n\t\tcontract "+example+"\n\t\theader Content-Type application/json\n\t\trespond `"+order+"`\n\t}\n}\n")
	for _, bench := range []struct{ name, path string }{
		{"newest", "/v2/orders/ord_000001"}, {"carried", "/v1/purchases/ord_000001"}, {"untouched", "/v1/health"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				gw.ServeHTTP(&nobody{make(http.Header, 8)}, httptest.NewRequest("GET", bench.path, nil))
			}
		})
	}
}
