package ratelimit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"gateway/internal/freeport"
	"gateway/internal/gatewaytest"
	"gateway/internal/redis/redistest"
)

// admin serves one request to the routes of the admin module.
func admin(t *testing.T, method, path, body string, header ...string) (int, string) {
	t.Helper()
	return gatewaytest.Admin(t, "admin.api.gateway_limits", method, path, body, append([]string{"Content-Type", "application/json"}, header...)...)
}

// key asks about one key and returns what is left and the limit.
func key(t *testing.T, verb, policy string, values ...string) string {
	t.Helper()
	list, _ := json.Marshal(values)
	code, body := admin(t, "POST", "/gateway/limits/"+verb, fmt.Sprintf(`{"policy":%q,"key":%s}`, policy, list))
	var answer struct {
		Keys []struct {
			Store            string
			Remaining, Limit int
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); code != http.StatusOK || err != nil || len(answer.Keys) != 1 {
		t.Fatalf("%s %s %v: %d %s", verb, policy, values, code, body)
	}
	return fmt.Sprintf("%s %d/%d", answer.Keys[0].Store, answer.Keys[0].Remaining, answer.Keys[0].Limit)
}

func TestAdminLooksAndResets(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	words := strings.Fields(named("NAME-address NAME-shared NAME-month NAME-leased NAME-pair"))
	policies := fmt.Sprintf(`ratelimit {
		policy %s {
			quota 5/1h
			store local
		}
		policy %s {
			quota 6/1h
			key {header.X-Tenant}
		}
		policy %s {
			quota 7/month
			key global
		}
		policy %s {
			quota 100/1h
			key {header.X-Tenant}
			store lease 10
		}
		policy %s {
			quota 9/1h
			key {header.X-Tenant} {client_ip}
			store local
		}
	}`, words[0], words[1], words[2], words[3], words[4])
	gw := gateways(t, 1, server, policies)[0]
	server.Do("FLUSHALL")
	client := address()
	get(gw, client, "X-Tenant", "acme")
	get(gw, client, "X-Tenant", "acme")
	cases := []struct{ policy, values, want, whole string }{
		{words[0], client, "memory 3/5", "memory 5/5"},
		{words[1], "acme", "exact 4/6", "exact 6/6"},
		{words[1], "nobody", "exact 6/6", "exact 6/6"},
		{words[2], "", "exact 5/7", "exact 7/7"},
		{words[4], "acme " + client, "memory 7/9", "memory 9/9"},
	}
	for _, c := range cases {
		if got := key(t, "look", c.policy, strings.Fields(c.values)...); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.policy, c.values, got, c.want)
		}
	}
	for _, c := range cases {
		if got := key(t, "reset", c.policy, strings.Fields(c.values)...); got != c.whole {
			t.Errorf("%s %s after the reset: %s, want %s", c.policy, c.values, got, c.whole)
		}
	}
	if got := key(t, "reset", words[3], "acme"); got != "lease 100/100" {
		t.Errorf("leased: %s", got)
	}
	if resp := get(gw, client, "X-Tenant", "acme"); !strings.Contains(resp.Header().Get("RateLimit"), fmt.Sprintf("%q;r=4;", words[0])) {
		t.Errorf("the reset is not felt: %s", resp.Header().Get("RateLimit"))
	}
}

func TestAdminLists(t *testing.T) {
	t.Parallel()
	name := named("NAME")
	gw := gatewaytest.New(t, site("ratelimit {\n\t\tpolicy "+name+" {\n\t\t\tquota 5/1h\n\t\t}\n\t\tpolicy "+name+"-at-once {\n\t\t\tconcurrency 3\n\t\t}\n\t\tmode report\n\t}"))
	get(gw, address())
	listed := func() map[string]map[string]any {
		_, body := admin(t, "GET", "/gateway/limits", "")
		var answer struct{ Limits []map[string]any }
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatal(err)
		}
		mine := make(map[string]map[string]any)
		for _, limit := range answer.Limits {
			if policy := limit["policy"].(string); strings.HasPrefix(policy, name) {
				mine[policy] = limit
			}
		}
		return mine
	}
	mine := listed()
	got, _ := json.Marshal(mine[name])
	want := fmt.Sprintf(`{"burst":5,"key":["{http.vars.client_ip}"],"keys":1,"max_keys":999936,"mode":"report","policy":%q,"quota":"5/1h","source":"Caddyfile:2","store":"memory"}`, name)
	if string(got) != want {
		t.Errorf("listed as %s\nwant %s", got, want)
	}
	if at := mine[name+"-at-once"]; at["concurrency"] != 3.0 {
		t.Errorf("listed as %v", at)
	}
	gw.Close()
	if mine := listed(); len(mine) != 0 {
		t.Errorf("still listed: %v", mine)
	}
}

func TestAdminRefuses(t *testing.T) {
	t.Parallel()
	name := named("NAME")
	gw := gatewaytest.New(t, site("ratelimit {\n\t\tpolicy "+name+" {\n\t\t\tquota 5/1h\n\t\t}\n\t\tpolicy "+name+"-at-once {\n\t\t\tconcurrency 3\n\t\t}\n\t}"))
	defer gw.Close()
	for _, tt := range []struct {
		method, path, body string
		header             []string
		code               int
		want               string
	}{
		{"POST", "", "", nil, 405, "POST is not allowed"},
		{"GET", "/look", "", nil, 405, "GET is not allowed"},
		{"POST", "/look", `{"policy":"no such","key":[]}`, nil, 404, `no policy is called "no such"`},
		{"POST", "/look", `{"policy":"NAME","key":[]}`, nil, 400, "has a key of 1 values, got 0"},
		{"POST", "/look", `{"policy":"NAME","key":["x"]}`, nil, 400, `counts by address, and "x" is none`},
		{"POST", "/look", `{"policy":"NAME","key":["192.0.2.1","y"]}`, nil, 400, "fewer values than 2"},
		{"POST", "/look", `{"policy":"NAME","key":["192.0.2.1"],"tier":"pro"}`, nil, 400, `has no tier "pro"`},
		{"POST", "/look", `{"policy":"NAME","keys":["192.0.2.1"]}`, nil, 400, "not understood"},
		{"POST", "/reset", `{"policy":"NAME-at-once","key":["192.0.2.1"]}`, nil, 409, "cannot be undone"},
		{"POST", "/reset", `{"policy":"NAME","key":["192.0.2.1"]}`, []string{"Content-Type", "text/plain"}, 415, "application/json"},
		{"POST", "/reset", `{"policy":"NAME","key":["192.0.2.1"]}`, []string{"Sec-Fetch-Site", "cross-site"}, 403, "another origin"},
	} {
		code, body := admin(t, tt.method, "/gateway/limits"+tt.path, strings.ReplaceAll(tt.body, "NAME", name), tt.header...)
		if code != tt.code || !strings.Contains(body, tt.want) {
			t.Errorf("%s %s %s: got %d %s, want %d with %q", tt.method, tt.path, tt.body, code, body, tt.code, tt.want)
		}
	}
}

// TestCommand asks a gateway in another process.
func TestCommand(t *testing.T) {
	t.Parallel()
	endpoint := freeport.Address(t)
	n := startNode(t, "{\n\tadmin "+endpoint+"\n\tauto_https off\n}\n", "ratelimit 5/1h "+byTenant)
	n.ask("acme")
	for _, tt := range []struct{ args, want string }{
		{"", "POLICY   LIMIT  KEY"},
		{"", "default  5/1h   {http.request.header.X-Tenant}  memory  enforce  1"},
		{"look default acme", "default: 4 of 5 left, all of it in 720 s; top calls it "},
		{"reset default acme", "default: 5 of 5 left\n"},
		{"look default --by-address 192.0.2.1", "default: 5 of 5 left; top calls it "},
		{"top", "POLICY  KEY  LEFT  OF  WHOLE IN  WHERE\n"},
		{"top default --json", `"nearest": []`},
		{"look default acme --json", `"remaining": 5`},
		{"look nothing acme", `no policy is called \"nothing\"`},
	} {
		var output bytes.Buffer
		cmd := &cobra.Command{Use: "limits", SilenceUsage: true}
		caddycmd.Commands()["limits"].CobraFunc(cmd)
		cmd.SetOut(&output)
		cmd.SetErr(io.Discard)
		cmd.SetArgs(append(strings.Fields(tt.args), "--address", endpoint))
		if err := cmd.Execute(); err != nil {
			output.WriteString(err.Error())
		}
		if !strings.Contains(output.String(), tt.want) {
			t.Errorf("gateway limits %s: %s\nwant %q", tt.args, &output, tt.want)
		}
	}
}
