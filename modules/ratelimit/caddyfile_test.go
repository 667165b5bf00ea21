package ratelimit_test

import (
	"encoding/json"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/google/go-cmp/cmp"

	"gateway/internal/gatewaytest"
	"gateway/modules/ratelimit"
)

func unmarshal(text string) (*ratelimit.Handler, error) {
	h := new(ratelimit.Handler)
	return h, h.UnmarshalCaddyfile(caddyfile.NewTestDispenser(text))
}

func TestCaddyfile(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"one line":     {`ratelimit 100/1m`, `{"policies":[{"quota":"100/1m"}]}`},
		"with a key":   {`ratelimit 100/1m {http.auth.user.id}`, `{"policies":[{"quota":"100/1m","key":["{http.auth.user.id}"]}]}`},
		"several keys": {`ratelimit 1/1s {a} {b}`, `{"policies":[{"quota":"1/1s","key":["{a}","{b}"]}]}`},
		"block": {`ratelimit {
			policy per-minute
			quota 100/1m
			burst 20
			key {a} {b}
			ipv4_prefix 24
			ipv6_prefix 48
			missing deny
			max_keys 5000
			headers off
			legacy_headers on
			mode report
		}`, `{"policies":[{"name":"per-minute","quota":"100/1m","burst":20,"key":["{a}","{b}"],"ipv4_prefix":24,"ipv6_prefix":48,
			"missing":"deny","max_keys":5000}],"hide_headers":true,"legacy_headers":true,"mode":"report"}`},
		"tiers": {`ratelimit 100/1h {http.auth.user.id} {
			tier {http.auth.user.claims.plan} {
				pro 10000/1h
				"very large" 1000000/1h 5000
			}
			jitter 5s
			cost_header X-Cost
			before_auth on
		}`, `{"policies":[{"quota":"100/1h","key":["{http.auth.user.id}"],"tier_by":"{http.auth.user.claims.plan}",
			"tiers":[{"value":"pro","quota":"10000/1h"},{"value":"very large","quota":"1000000/1h","burst":5000}]}],"jitter":5000000000,"cost_header":"X-Cost","before_auth":true}`},
		"zones": {`ratelimit {
			zone static {
				key static
				events 100
				window 1m
				match {
					method GET
				}
			}
			zone pair {
				key "{http.request.remote.host}-{tenant}"
				events 5
				window 2s
				ipv6_prefix 48
			}
		}`, `{"policies":[{"name":"static","quota":"100/1m","key":["global"]},
			{"name":"pair","quota":"5/2s","key":["{http.request.remote.host}","{tenant}"],"ipv6_prefix":48}],
			"matches":[{"policy":"static","match":[{"method":["GET"]}]}]}`},
		"by the calendar": {`ratelimit 10000/month {
			timezone Europe/Berlin
		}`, `{"policies":[{"quota":"10000/month","timezone":"Europe/Berlin"}]}`},
		"concurrency": {`ratelimit {
			concurrency 5
			key global
		}`, `{"policies":[{"concurrency":5,"key":["global"]}]}`},
		"shared": {`ratelimit 100/1m {
			store lease 5
			on_error closed
		}`, `{"policies":[{"quota":"100/1m","store":"lease","lease":5,"on_error":"closed"}]}`},
		"line and block": {`ratelimit 10/1s global {
			burst 1
		}`, `{"policies":[{"quota":"10/1s","burst":1,"key":["global"]}]}`},
		"policies": {`ratelimit {
			policy a {
				quota 1/1s
			}
			policy "b c" {
				quota 100/1d
				key global
			}
			mode off
		}`, `{"policies":[{"name":"a","quota":"1/1s"},{"name":"b c","quota":"100/1d","key":["global"]}],"mode":"off"}`},
	} {
		h, err := unmarshal(tt.text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		h.Source = ""
		got, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		var gotValue, wantValue any
		if json.Unmarshal(got, &gotValue) != nil || json.Unmarshal([]byte(tt.want), &wantValue) != nil {
			t.Fatalf("%s: not JSON", name)
		}
		if diff := cmp.Diff(wantValue, gotValue); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestMistakes holds the messages about mistakes to golden files.
func TestMistakes(t *testing.T) {
	t.Parallel()
	for name, directive := range map[string]string{
		"no_quota":              "ratelimit",
		"no_quota_in_block":     "ratelimit {\n\t\tburst 5\n\t}",
		"no_quota_in_policy":    "ratelimit {\n\t\tpolicy a {\n\t\t\tburst 5\n\t\t}\n\t}",
		"quota_zero":            "ratelimit 0/1m",
		"quota_not_a_quota":     "ratelimit 100",
		"window_zero":           "ratelimit 100/0s",
		"window_without_number": "ratelimit 100/m",
		"window_below_a_second": "ratelimit 100/500ms",
		"window_too_long":       "ratelimit 100/2000d",
		"rate_absurd":           "ratelimit 5000000/1s",
		"burst_zero":            "ratelimit 100/1m {\n\t\tburst 0\n\t}",
		"burst_absurd":          "ratelimit 1/30d {\n\t\tburst 5000\n\t}",
		"unknown_option":        "ratelimit 100/1m {\n\t\tbrust 5\n\t}",
		"unknown_policy_option": "ratelimit {\n\t\tpolicy a {\n\t\t\tquota 1/1s\n\t\t\theaders off\n\t\t}\n\t}",
		"policy_mode_unknown":   "ratelimit {\n\t\tpolicy a {\n\t\t\tquota 1/1s\n\t\t\tmode reprot\n\t\t}\n\t}",
		"persist_unknown":       "ratelimit 100/1m {\n\t\tpersist yes\n\t}",
		"persist_exact":         "ratelimit 100/1m {\n\t\tstore exact\n\t\tpersist on\n\t}",
		"persist_concurrency":   "ratelimit {\n\t\tconcurrency 2\n\t\tpersist on\n\t}",
		"repeated_option":       "ratelimit 100/1m {\n\t\tburst 5\n\t\tburst 6\n\t}",
		"repeated_quota":        "ratelimit 100/1m {\n\t\tquota 5/1s\n\t}",
		"extra_argument":        "ratelimit 100/1m {\n\t\tburst 5 6\n\t}",
		"value_missing":         "ratelimit 100/1m {\n\t\tburst\n\t}",
		"key_forwarded_for":     "ratelimit 100/1m {http.request.header.X-Forwarded-For}",
		"key_not_a_placeholder": "ratelimit 100/1m tenant",
		"key_new_every_time":    "ratelimit 100/1m {http.request.uuid}",
		"key_of_a_typo":         "ratelimit 100/1m {http.gateway.opration}",
		"prefix_too_long":       "ratelimit 100/1m {\n\t\tipv6_prefix 129\n\t}",
		"missing_unknown":       "ratelimit 100/1m {\n\t\tmissing denny\n\t}",
		"max_keys_zero":         "ratelimit 100/1m {\n\t\tmax_keys 0\n\t}",
		"store_unknown":         "ratelimit 100/1m {\n\t\tstore exat\n\t}",
		"store_lease_absurd":    "ratelimit 100/1m {\n\t\tstore lease 0\n\t}",
		"store_lease_too_large": "ratelimit 100/1m {\n\t\tstore lease 101\n\t}",
		"store_exact_lease":     "ratelimit 100/1m {\n\t\tstore exact 5\n\t}",
		"store_local_on_error":  "ratelimit 100/1m {\n\t\tstore local\n\t\ton_error open\n\t}",
		"on_error_unknown":      "ratelimit 100/1m {\n\t\ton_error close\n\t}",
		"tier_of_a_header":      "ratelimit 100/1m {\n\t\ttier {http.request.header.X-Plan} {\n\t\t\tpro 9/1s\n\t\t}\n\t}",
		"tier_of_a_query":       "ratelimit 100/1m {\n\t\ttier {http.request.uri.query.plan} {\n\t\t\tpro 9/1s\n\t\t}\n\t}",
		"tier_of_an_address":    "ratelimit 100/1m {\n\t\ttier {client_ip} {\n\t\t\tpro 9/1s\n\t\t}\n\t}",
		"tier_without_tiers":    "ratelimit 100/1m {\n\t\ttier {http.auth.user.claims.plan}\n\t}",
		"tier_without_quota":    "ratelimit 100/1m {\n\t\ttier {http.auth.user.claims.plan} {\n\t\t\tpro\n\t\t}\n\t}",
		"tier_with_bad_quota":   "ratelimit 100/1m {\n\t\ttier {http.auth.user.claims.plan} {\n\t\t\tpro lots\n\t\t}\n\t}",
		"tier_twice":            "ratelimit 100/1m {\n\t\ttier {http.auth.user.claims.plan} {\n\t\t\tpro 9/1s\n\t\t\tpro 8/1s\n\t\t}\n\t}",
		"zone_without_name":     "ratelimit {\n\t\tzone {\n\t\t\tevents 1\n\t\t}\n\t}",
		"zone_without_window":   "ratelimit {\n\t\tzone a {\n\t\t\tevents 1\n\t\t}\n\t}",
		"zone_window_too_short": "ratelimit {\n\t\tzone a {\n\t\t\tevents 1\n\t\t\twindow 100ms\n\t\t}\n\t}",
		"zone_unknown_option":   "ratelimit {\n\t\tzone a {\n\t\t\tevent 1\n\t\t}\n\t}",
		"zone_key_forwarded":    "ratelimit {\n\t\tzone a {\n\t\t\tkey {http.request.header.X-Forwarded-For}\n\t\t}\n\t}",
		"cost_header_absurd":    "ratelimit 100/1m {\n\t\tcost_header X:Cost\n\t}",
		"jitter_absurd":         "ratelimit 100/1m {\n\t\tjitter 2h\n\t}",
		"concurrency_zero":      "ratelimit {\n\t\tconcurrency 0\n\t}",
		"concurrency_and_quota": "ratelimit 100/1m {\n\t\tconcurrency 5\n\t}",
		"concurrency_shared":    "ratelimit {\n\t\tconcurrency 5\n\t\tstore exact\n\t}",
		"timezone_unknown":      "ratelimit 100/month {\n\t\ttimezone Europe/Bonn\n\t}",
		"timezone_without_day":  "ratelimit 100/1d {\n\t\ttimezone Europe/Berlin\n\t}",
		"month_with_burst":      "ratelimit 100/month {\n\t\tburst 5\n\t}",
		"month_with_lease":      "ratelimit 100/month {\n\t\tstore lease\n\t}",
		"month_with_even_tier":  "ratelimit 100/month {\n\t\ttier {http.auth.user.claims.plan} {\n\t\t\tpro 9/1s\n\t\t}\n\t}",
		"month_zero":            "ratelimit 0/month",
		"mode_unknown":          "ratelimit 100/1m {\n\t\tmode reprot\n\t}",
		"headers_unknown":       "ratelimit 100/1m {\n\t\theaders yes\n\t}",
		"policy_without_name":   "ratelimit 100/1m {\n\t\tpolicy\n\t}",
		"policy_name_unspoken":  "ratelimit 100/1m {\n\t\tpolicy grün\n\t}",
		"policy_twice":          "ratelimit 100/1m {\n\t\tpolicy a\n\t\tpolicy b\n\t}",
		"policies_of_one_name":  "ratelimit {\n\t\tpolicy a {\n\t\t\tquota 1/1s\n\t\t}\n\t\tpolicy a {\n\t\t\tquota 2/1s\n\t\t}\n\t}",
		"line_and_policies":     "ratelimit 100/1m {\n\t\tpolicy a {\n\t\t\tquota 1/1s\n\t\t}\n\t}",
	} {
		_, err := unmarshal(directive)
		if err == nil {
			t.Errorf("%s loads", name)
			continue
		}
		gatewaytest.Golden(t, "testdata/rejects_"+name+".golden", []byte(err.Error()+"\n"))
	}
}

func FuzzCaddyfile(f *testing.F) {
	for _, seed := range []string{
		"ratelimit 100/1m {client_ip}",
		"ratelimit {\n policy a {\n quota 1/1s\n burst 2\n key {x} global\n }\n}",
		"ratelimit 1/1s {\n max_keys 3\n missing skip\n headers off\n mode report\n}",
		"ratelimit {\n policy\n}", "ratelimit { {", "ratelimit 1/1s {\n policy a {\n}\n}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		h, err := unmarshal(text)
		if err == nil && len(h.Policies) == 0 {
			t.Fatalf("%q loads without a policy", text)
		}
	})
}
