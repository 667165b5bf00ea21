package strict_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"gateway/internal/freeport"
	"gateway/internal/gatewaytest"
	_ "gateway/modules/api"
)

func TestMain(m *testing.M) { gatewaytest.ScriptMain(m) }

func TestScript(t *testing.T) {
	t.Parallel()
	gatewaytest.Scripts(t, testscript.Params{
		Setup: func(env *testscript.Env) error {
			for _, name := range []string{"ADMIN", "SITE"} {
				env.Setenv(name, freeport.Address(t))
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"told": told,
			"get":  get,
			"post": post,
		},
	})
}

// get fetches a URL until its body is the given text: get URL text.
func get(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: get url text")
	}
	var last string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if last = fetch(http.NewRequest(http.MethodGet, args[0], nil)); last == "200 "+args[1] {
			return
		}
	}
	ts.Fatalf("%s: got %q, want %q", args[0], last, args[1])
}

// told fetches a URL until its answer matches a pattern, or until it does not: told URL pattern.
func told(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: told url pattern")
	}
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	var last string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if last = fetch(http.NewRequest(http.MethodGet, args[0], nil)); strings.HasPrefix(last, "200 ") && pattern.MatchString(last) != neg {
			return
		}
	}
	ts.Fatalf("%s: got %q, which is not what %q wants", args[0], last, args[1])
}

// post posts a file and prints the answer: post URL content-type file.
func post(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: post url type file")
	}
	r, err := http.NewRequest(http.MethodPost, args[0], strings.NewReader(ts.ReadFile(args[2])))
	if err == nil {
		r.Header.Set("Content-Type", args[1])
	}
	_, err = io.WriteString(ts.Stdout(), fetch(r, err)+"\n")
	ts.Check(err)
}

// fetch returns the status and body of an answer, or what went wrong.
func fetch(r *http.Request, err error) string {
	if err != nil {
		return err.Error()
	}
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Do(r)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	return resp.Status[:3] + " " + string(body)
}
