package ratelimit_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"gateway/internal/gatewaytest"
	"gateway/internal/redis/redistest"
)

// untilMonth is how many seconds are left of the month, in UTC.
func untilMonth() int {
	now := time.Now().UTC()
	return int(time.Until(time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, time.UTC)) / time.Second)
}

func TestMonthlyQuota(t *testing.T) {
	t.Parallel()
	client := address()
	directive := named("ratelimit 2/month {\n\t\tpolicy NAME\n\t}")
	gw := gatewaytest.New(t, site(directive))
	get(gw, client)
	get(gw, client)
	gw = gw.Reload(site(directive))
	resp := get(gw, client)
	wait, _ := strconv.Atoi(resp.Header().Get("Retry-After"))
	if resp.Code != http.StatusTooManyRequests || wait < untilMonth() || wait > untilMonth()+2 {
		t.Errorf("got %d, Retry-After: %d with %d s left of the month", resp.Code, wait, untilMonth())
	}
	if detail := resp.Problem().Detail; !strings.HasSuffix(detail, "allows 2 requests in a calendar month (UTC).") {
		t.Errorf("detail: %s", detail)
	}
	gw = gw.Reload(site(strings.Replace(directive, "2/month", "3/month", 1)))
	if first, second := get(gw, client), get(gw, client); first.Code != 200 || second.Code != 429 {
		t.Errorf("with one more unit: got %d, %d", first.Code, second.Code)
	}
}

// TestSharedMonthlyQuota: several gateways count one month, to the unit, and divide
// what is left when they lose the store.
func TestSharedMonthlyQuota(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	gws := gateways(t, 2, server, named("ratelimit {\n\t\tpolicy NAME {\n\t\t\tquota 40/month\n\t\t\ttimezone Europe/Berlin\n\t\t}\n\t\tpolicy NAME-hour {\n\t\t\tquota 30/1h\n\t\t\tkey {header.X-Tenant}\n\t\t\tmissing skip\n\t\t}\n\t}"))
	client := address()
	passed := 0
	for range 35 { // the hour refuses the last five, which cost nothing
		if get(gws[0], client, "X-Tenant", "t").Code == http.StatusOK {
			passed++
		}
	}
	if passed != 30 {
		t.Errorf("%d passed, want 30", passed)
	}
	if more := hammer(gws, 40, client); more != 10 {
		t.Errorf("%d more passed, want 10", more)
	}
	for key := range strings.FieldsSeq(server.Do("KEYS", "*limit*")) {
		if ttl, _ := strconv.Atoi(server.Do("TTL", key)); ttl < 1 || ttl > 31*86400 {
			t.Errorf("%s lives for %d s", key, ttl)
		}
	}
}
