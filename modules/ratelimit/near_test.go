package ratelimit_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
	"gateway/internal/redis/redistest"
)

// listed is what top tells of one policy.
type listed struct {
	Policy    string
	Decisions struct{ Passed, Refused, Reported, Alone int }
	Nearest   []struct {
		Key              string
		Hashed           bool
		Remaining, Limit int
		Reset            int `json:"reset_seconds"`
		Tier             string
	}
	Shown    bool `json:"keys_shown"`
	LookedAt int  `json:"looked_at"`
}

func (l *listed) String() string {
	var keys []string
	for _, k := range l.Nearest {
		keys = append(keys, strings.TrimSpace(fmt.Sprintf("%s %d/%d %s", k.Key, k.Remaining, k.Limit, k.Tier)))
	}
	return strings.Join(keys, ", ")
}

// top asks for a policy's keys with the least left.
func top(t *testing.T, policy string) *listed {
	t.Helper()
	code, body := admin(t, "GET", "/gateway/limits/top", "")
	var answer struct{ Policies []*listed }
	if err := json.Unmarshal([]byte(body), &answer); code != http.StatusOK || err != nil {
		t.Fatalf("%d %s", code, body)
	}
	for _, p := range answer.Policies {
		if p.Policy == policy {
			return p
		}
	}
	return &listed{}
}

// lists waits until top lists that: what it says may be a second old.
func lists(t *testing.T, policy, want string) *listed {
	t.Helper()
	var got *listed
	within(t, "listed: "+want, func() bool { got = top(t, policy); return got.String() == want })
	return got
}

// alias returns what top calls a key.
func alias(t *testing.T, policy string, values ...string) string {
	t.Helper()
	list, _ := json.Marshal(values)
	_, body := admin(t, "POST", "/gateway/limits/look", fmt.Sprintf(`{"policy":%q,"key":%s}`, policy, list))
	var answer struct{ Keys []struct{ Alias string } }
	if err := json.Unmarshal([]byte(body), &answer); err != nil || len(answer.Keys) != 1 || len(answer.Keys[0].Alias) != 16 {
		t.Fatal(body, err)
	}
	return answer.Keys[0].Alias
}

// TestTopOfWhatIsInMemory: keys with less than half left, the nearest to nothing first,
// and nothing of what they are called.
func TestTopOfWhatIsInMemory(t *testing.T) {
	t.Parallel()
	for _, quota := range []string{"10/1h", "10/month"} {
		name := named("NAME")
		gw := gatewaytest.New(t, site("ratelimit "+quota+" {header.X-Tenant} {\n\t\tpolicy "+name+"\n\t\tmissing skip\n\t}"))
		for tenant, requests := range map[string]int{"idle": 5, "busy": 8, "spent": 13} {
			for range requests {
				get(gw, address(), "X-Tenant", tenant)
			}
		}
		want := fmt.Sprintf("%s 0/10, %s 2/10", alias(t, name, "spent"), alias(t, name, "busy"))
		got := lists(t, name, want)
		if got.LookedAt != 3 || got.Shown || !got.Nearest[0].Hashed || got.Nearest[0].Reset < 3500 {
			t.Errorf("%s: %+v", quota, got)
		}
		if d := got.Decisions; d.Passed != 23 || d.Refused != 3 || d.Reported != 0 {
			t.Errorf("%s: decisions %+v", quota, d)
		}
		key(t, "reset", name, "spent")
		lists(t, name, alias(t, name, "busy")+" 2/10")
	}
}

// TestTopShowsKeysIfTold: show_keys calls them what they are, whatever that is, and stops
// with it at once.
func TestTopShowsKeysIfTold(t *testing.T) {
	t.Parallel()
	name := named("NAME")
	directive := "ratelimit 4/1h {header.X-Tenant} {client_ip} {\n\t\tpolicy " + name + "\n\t\tshow_keys on\n\t}"
	gw := gatewaytest.New(t, site(directive))
	long := strings.Repeat("ä", 100)
	for range 4 {
		get(gw, "192.0.2.1", "X-Tenant", "<b>\x1b[31m")
		get(gw, "192.0.2.2", "X-Tenant", long)
		get(gw, "192.0.2.3")
	}
	shown := func(count int) (names []string) {
		within(t, fmt.Sprintf("%d keys as they are", count), func() bool {
			names = nil
			for _, k := range top(t, name).Nearest {
				if k.Hashed == (len(k.Key) == 16 && !strings.Contains(k.Key, " ")) && !k.Hashed {
					names = append(names, k.Key)
				}
			}
			return len(names) == count && len(top(t, name).Nearest) == 3
		})
		slices.Sort(names)
		return names
	}
	want := []string{"<b>\x1b[31m 192.0.2.1", "by-address 192.0.2.3", strings.Repeat("ä", 64) + "…"}
	if names := shown(3); !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	gw = gw.Reload(site(directive))
	if names := shown(3); !slices.Equal(names, want) {
		t.Errorf("got %q after a reload, want %q", names, want)
	}
	gw.Reload(site(strings.Replace(directive, "show_keys on", "show_keys off", 1)))
	shown(0)
}

// TestTopOfEverythingElse: what this gateway knows of keys in a shared store, of tiers,
// and of requests under way.
func TestTopOfEverythingElse(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	name := named("NAME")
	gw := gateways(t, 1, server, fmt.Sprintf(`route {
		vars plan {header.X-Plan}
		ratelimit {
			policy %[1]s-exact {
				quota 4/1h
				key {header.X-Tenant}
			}
			policy %[1]s-lease {
				quota 10/1h
				key {header.X-Tenant}
				store lease 2
			}
			policy %[1]s-tier {
				quota 4/1h
				key {header.X-Tenant}
				store local
				tier {http.vars.plan} {
					large 8/1h
				}
			}
			policy %[1]s-flying {
				concurrency 1
				key {header.X-Tenant}
			}
		}
	}`, name))[0]
	for range 5 {
		get(gw, address(), "X-Tenant", "small", "X-Plan", "x")
		get(gw, address(), "X-Tenant", "big", "X-Plan", "large")
	}
	small, big := alias(t, name+"-exact", "small"), alias(t, name+"-exact", "big")
	within(t, "both", func() bool { return len(top(t, name+"-exact").Nearest) == 2 })
	for _, k := range top(t, name+"-exact").Nearest {
		if (k.Key != small && k.Key != big) || k.Remaining != 0 || k.Limit != 4 {
			t.Errorf("exact: %+v", k)
		}
	}
	lists(t, name+"-tier", alias(t, name+"-tier", "small")+" 0/4")
	lists(t, name+"-flying", "")
	for _, tenant := range []string{"small", "big"} {
		key(t, "reset", name+"-exact", tenant)
	}
	lists(t, name+"-exact", "")
}
