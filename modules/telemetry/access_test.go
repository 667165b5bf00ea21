package telemetry_test

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"gateway/internal/gatewaytest"
)

// secrets are what clients send that no log may hold.
var secrets = []string{"s3cret-query", "s3cret-bearer", "s3cret-cookie", "s3cret-basic"}

// TestHostileRequestsStayOneLine sends strings that break programs wherever a client
// can put them, with credentials in all places that credentials have. Each request is
// one line of JSON, with one record, and without the credentials.
func TestHostileRequestsStayOneLine(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(gatewaytest.Testdata(t, "naughty-strings"), "blns.json"))
	var naughty []string
	if err != nil || json.Unmarshal(text, &naughty) != nil || len(naughty) < 500 {
		t.Fatalf("%d strings, %v", len(naughty), err)
	}
	file := filepath.Join(t.TempDir(), "access.log")
	logs := "\tlog {\n\t\toutput file " + file + "\n\t\tformat filter {\n\t\t\trequest>uri query {\n\t\t\t\treplace access_token REDACTED\n\t\t\t}\n\t\t}\n\t}\n"
	gw := gatewaytest.New(t, site("naughty", upstream(t, ok), logs, "")).On(":8080")
	for _, s := range naughty {
		r := httptest.NewRequest("GET", "/v1/things/1?access_token="+secrets[0]+"&q="+url.QueryEscape(s), nil)
		if target, err := url.Parse("/v1/things/" + url.PathEscape(s) + "?access_token=" + secrets[0]); err == nil && len(s)%2 == 0 {
			r.URL, r.RequestURI = target, target.RequestURI()
		}
		r.Header = map[string][]string{
			"User-Agent": {s}, "X-Request-Id": {s}, "X-Naughty": {s, s}, "Referer": {s},
			"Authorization": {"Bearer " + secrets[1], "Basic " + secrets[3]}, "Cookie": {"session=" + secrets[2]},
		}
		gw.Serve(r)
	}
	text, err = os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	if len(lines) != len(naughty) {
		t.Errorf("%d requests are %d lines", len(naughty), len(lines))
	}
	for _, line := range lines {
		var entry struct {
			Gateway struct {
				RequestID string `json:"request_id"`
				Steps     []any
			}
		}
		if err := json.Unmarshal(line, &entry); err != nil || len(entry.Gateway.RequestID) != 36 || len(entry.Gateway.Steps) == 0 {
			t.Fatalf("not a line with a record: %v: %s", err, line)
		}
		if !utf8.Valid(line) || bytes.ContainsAny(line, "\x00\x1b\r") {
			t.Errorf("raw bytes of the client: %q", line)
		}
		for _, secret := range secrets {
			if bytes.Contains(line, []byte(secret)) {
				t.Errorf("the line holds %s: %s", secret, line)
			}
		}
	}
}

// TestTheSamplingRecipe is that of the README: after the first lines of an interval, one
// in so many.
func TestTheSamplingRecipe(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	const recipe = "\t\tsampling {\n\t\t\tinterval 1s\n\t\t\tfirst 100\n\t\t\tthereafter 100\n\t\t}\n"
	if !strings.Contains(string(page), recipe) {
		t.Fatal("the README has no such recipe")
	}
	file := filepath.Join(t.TempDir(), "access.log")
	// An interval that does not end during the test.
	logs := "\tlog {\n\t\toutput file " + file + "\n\t\tformat json\n" + strings.Replace(recipe, "1s", "1h", 1) + "\t}\n"
	gw := gatewaytest.New(t, site("sampled", upstream(t, ok), logs, "")).On(":8080")
	for range 500 {
		gw.Do("GET", "/v1/nothing")
	}
	text, err := os.ReadFile(file)
	if got := bytes.Count(text, []byte("\n")); err != nil || got != 104 {
		t.Errorf("500 requests are %d lines, want the first 100 and each hundredth after: %v", got, err)
	}
}
