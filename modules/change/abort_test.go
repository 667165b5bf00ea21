package change_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestAbortedResponses: what breaks off is never seen as a whole response, also where it is
// too long to be carried and passes as it is.
func TestAbortedResponses(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"enforce", "report"} {
		for _, amount := range []int{100, 9000} {
			s := newService(t)
			s.does(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, `["`+strings.Repeat("x", amount))
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			})
			server := httptest.NewServer(gateway(t, s, "\t\tchange {\n\t\t\tmax_body 4KB\n\t\t\tmode "+mode+"\n\t\t}\n"))
			res, err := http.Get(server.URL + "/v1/purchases/ord_000001")
			status := 0
			if err == nil {
				status = res.StatusCode
				_, err = io.ReadAll(res.Body)
				_ = res.Body.Close()
			}
			server.Close()
			if err == nil && status != http.StatusBadGateway {
				t.Errorf("%s, %d bytes: the client sees a whole response with %d", mode, amount, status)
			}
		}
	}
}
