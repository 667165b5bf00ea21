package auth_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
	"gateway/modules/auth/authtest"
)

// TestTrailersCannotSpeakForTheGateway sends identity headers as trailers, announced and
// not, over a real connection.
func TestTrailersCannotSpeakForTheGateway(t *testing.T) {
	t.Parallel()
	iss := authtest.NewIssuer(t, signing)
	reached := make(chan http.Header, 1)
	backend := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		reached <- r.Trailer
	}))
	t.Cleanup(backend.Close)
	for options, passedOn := range map[string]int{"header X-User-Id sub": 0, "forward_token on": 1} {
		gw := httptest.NewServer(gatewaytest.New(t, ":8080 {\n\tauth "+iss.URL+" {\n\t\taudience orders\n\t\t"+options+"\n\t}\n\treverse_proxy "+backend.URL+"\n}\n"))
		t.Cleanup(gw.Close)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, gw.URL, io.NopCloser(strings.NewReader("body")))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", bearer(signing.Token(iss.Claims("orders", nil), nil)))
		r.Trailer = http.Header{"X-User-Id": {"root"}}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if trailers := <-reached; res.StatusCode != 200 || len(trailers) != passedOn {
			t.Errorf("%s: got %d, and the service has the trailers %v", options, res.StatusCode, trailers)
		}
	}
}
