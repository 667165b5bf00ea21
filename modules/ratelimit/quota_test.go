package ratelimit

import (
	"strings"
	"testing"
	"time"
)

func TestParseQuota(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]quota{
		"100/1m":              {100, time.Minute},
		"1/1s":                {1, time.Second},
		"10000/1d":            {10000, day},
		"5/1d12h":             {5, 36 * time.Hour},
		"7/1h30m":             {7, 90 * time.Minute},
		"1/366d":              {1, 366 * day},
		"1000000/1s":          {1_000_000, time.Second},
		"31622400000000/366d": {31_622_400_000_000, 366 * day},
	} {
		if got, err := parseQuota(text); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestParseQuotaRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                        "is not <units>/<window>",
		"100":                     "is not <units>/<window>",
		"/1m":                     "whole number of units",
		"0/1m":                    "at least 1",
		"-5/1m":                   "whole number",
		"+5/1m":                   "whole number",
		"1.5/1m":                  "whole number",
		"1e3/1m":                  "whole number",
		"99999999999999999999/1d": "too many",
		"100/":                    "1s to 366d",
		"100/m":                   "not a time",
		"100/0s":                  "1s to 366d",
		"100/-1m":                 "not a time",
		"100/500ms":               "whole number of seconds",
		"100/1500ms":              "whole number of seconds",
		"100/367d":                "1s to 366d",
		"100/366d1s":              "1s to 366d",
		"100/65535d2562047h":      "1s to 366d",
		"100/99999d":              "not a time",
		"100/1m/2":                "not a time",
		"100/1w":                  "not a time",
		"1000001/1s":              "at most 1000000 units a second",
	} {
		if got, err := parseQuota(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, %v, want an error with %q", text, got, err, want)
		}
	}
}

func TestBurstIsBounded(t *testing.T) {
	t.Parallel()
	q := quota{1, 366 * day}
	if _, err := q.compile(10); err != nil {
		t.Error(err)
	}
	if _, err := q.compile(11); err == nil || !strings.Contains(err.Error(), "burst 11 takes longer than 3660d") {
		t.Errorf("got %v", err)
	}
}

func TestRefillHidesRounding(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		quota       string
		burst, want int64
	}{
		{"7/1m", 7, 60}, {"100/1m", 100, 60}, {"3/1s", 3, 1}, {"60/1m", 61, 61}, {"1/1s", 1, 1},
		{"1000000/1s", 1, 1}, {"31622400000000/366d", 316_224_000_000_000, 3660 * 86400},
	} {
		q, err := parseQuota(tt.quota)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := q.compile(tt.burst); err != nil {
			t.Fatal(err)
		}
		if got := q.refill(tt.burst); got != tt.want {
			t.Errorf("%s burst %d: %d seconds, want %d", tt.quota, tt.burst, got, tt.want)
		}
	}
}

func FuzzParseQuota(f *testing.F) {
	for _, seed := range []string{"100/1m", "1/366d", "0/0", "9/1d1h", "/", "1/-1s", "1/1e9s"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := parseQuota(text)
		if err != nil {
			return
		}
		l, err := q.compile(1)
		if err != nil {
			t.Fatalf("%q has no limit: %v", text, err)
		}
		if l.interval < 1000 || q.window < time.Second || q.window%time.Second != 0 {
			t.Fatalf("%q became %+v", text, q)
		}
		again, err := parseQuota(strings.SplitN(text, "/", 2)[0] + "/" + formatWindow(q.window))
		if err != nil || again != q {
			t.Fatalf("%q reads back as %+v, %v", text, again, err)
		}
	})
}
