package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

// hostile is a cause as a policy should not write it and one day will.
var hostile = errors.New("claim \"sub\" is \"x\"\n{\"level\":\"info\",\"msg\":\"forged\"}\x1b[2J\u2028\xff")

// encode returns the object "gateway" as it stands in a log line, with the measured
// times of the steps replaced and a line for each step.
func encode(t *testing.T, x *exchange.Exchange) string {
	t.Helper()
	encoder := zapcore.NewJSONEncoder(zapcore.EncoderConfig{SkipLineEnding: true})
	line, err := encoder.EncodeEntry(zapcore.Entry{}, []zap.Field{zap.Object("gateway", logRecord{x})})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.ContainsAny(line.Bytes(), "\n\r\x1b") || !utf8.Valid(line.Bytes()) {
		t.Errorf("the line holds raw control bytes: %q", line)
	}
	if !json.Valid(line.Bytes()) {
		t.Errorf("the line is not JSON: %s", line)
	}
	text := regexp.MustCompile(`"ms":[0-9.e-]+`).ReplaceAllString(line.String(), `"ms":0.1`)
	return strings.ReplaceAll(text, `{"policy"`, "\n"+`{"policy"`)
}

func TestLogObject(t *testing.T) {
	t.Parallel()
	accepted := answered(ordersRoute(), 200)
	accepted.Pass(exchange.API)
	accepted.Pass(exchange.Auth)

	auth := refused(ordersRoute(), exchange.Auth, &problem.Refusal{Reason: problem.AuthClaims, Cause: hostile})

	failed := answered(ordersRoute(), 502)
	failed.Pass(exchange.API)
	failed.Refusal = &problem.Refusal{Reason: problem.UpstreamRefused, Cause: errors.New("dial tcp 127.0.0.1:9001: connect: connection refused")}

	unmatched := refused(&exchange.Route{API: "orders", Version: "v1", Template: exchange.Other}, exchange.API, problem.New(problem.RouteNotFound))

	byHand := answered(nil, 200)
	byHand.Version = "v2"
	byHand.Aborted = true

	const id = `{"gateway":{"request_id":"019ab3c0-5c1e-7d3a-9f00-5b7d6f3f2a10",`
	const route = id + `"api":"orders","version":"v1","route":"/v1/orders/{id}","operation":"getOrder",`
	tests := map[string]struct {
		record *exchange.Exchange
		want   string
	}{
		"accepted": {accepted, route + `"own_ms":1,"upstream_ms":2,"steps":[
{"policy":"api","verdict":"passed","ms":0.1},
{"policy":"auth","verdict":"passed","ms":0.1}]}}`},
		"refused": {auth, route + `"reason":"auth.claims","cause":"claim \"sub\" is \"x\"\n{\"level\":\"info\",\"msg\":\"forged\"}\u001b[2J` + "\u2028" + `\ufffd","own_ms":1,"upstream_ms":0,"steps":[
{"policy":"auth","verdict":"refused","reason":"auth.claims","ms":0.1}]}}`},
		"failed upstream": {failed, route + `"reason":"upstream.refused","cause":"dial tcp 127.0.0.1:9001: connect: connection refused","own_ms":1,"upstream_ms":2,"steps":[
{"policy":"api","verdict":"passed","ms":0.1}]}}`},
		"no operation": {unmatched, id + `"api":"orders","version":"v1","route":"_other","reason":"route.not_found","own_ms":1,"upstream_ms":0,"steps":[
{"policy":"api","verdict":"refused","reason":"route.not_found","ms":0.1}]}}`},
		"composed by hand": {byHand, id + `"version":"v2","aborted":true,"own_ms":1,"upstream_ms":2,"steps":[]}}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, encode(t, test.record)); diff != "" {
				t.Errorf("the log object (-want +got):\n%s", diff)
			}
		})
	}
}

func fieldsOf(extra *caddyhttp.ExtraLogFields) int {
	return reflect.ValueOf(extra).Elem().FieldByName("fields").Len()
}

func TestLogFieldOnlyWhereTheServerLogs(t *testing.T) {
	t.Parallel()
	for name, logged := range map[string]bool{"silent": false, "logging": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			extra := new(caddyhttp.ExtraLogFields)
			ctx := context.WithValue(t.Context(), caddyhttp.ExtraLogFieldsCtxKey, extra)
			x := answered(nil, 200)
			x.Logged = logged
			newBench(t, maxRoutes).serve(x, httptest.NewRequest("GET", "/", nil).WithContext(ctx))
			want := 0
			if logged {
				want = 1
			}
			if got := fieldsOf(extra); got != want {
				t.Errorf("%d fields were added, want %d", got, want)
			}
		})
	}
}

func TestShortenKeepsWholeCharacters(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"short", strings.Repeat("é", 400), "x" + strings.Repeat("漢", 400), strings.Repeat("\x80", 2000)} {
		got := shorten(text)
		if len(got) > maxCause+len("…") {
			t.Errorf("shorten left %d bytes of %d", len(got), len(text))
		}
		if utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Errorf("shorten cut a character in two: %q", got[len(got)-8:])
		}
		if len(text) <= maxCause && got != text {
			t.Errorf("shorten changed %q to %q", text, got)
		}
	}
}

func TestFaultsAreLoggedOnceAnInterval(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.DebugLevel)
	b := newBench(t, maxRoutes)
	b.faults.logger = zap.New(core)
	at := func(after time.Duration, reason *problem.Reason) {
		x := answered(nil, reason.Status)
		x.Start = x.Start.Add(after)
		x.Refusal = problem.New(reason)
		b.serve(x, get)
	}
	at(0, problem.SchemaBody) // the client's mistake
	for i := range 100 {
		at(time.Duration(i)*time.Millisecond, problem.UpstreamRefused)
	}
	at(time.Second, problem.AuthKeysUnavailable)
	at(faultInterval-time.Millisecond, problem.UpstreamRefused)
	at(faultInterval, problem.UpstreamRefused)

	type line struct {
		level      zapcore.Level
		suppressed int64
	}
	var got []line
	for _, entry := range logs.All() {
		got = append(got, line{entry.Level, entry.ContextMap()["suppressed"].(int64)})
	}
	want := []line{{zap.WarnLevel, 0}, {zap.ErrorLevel, 0}, {zap.WarnLevel, 100}}
	if len(got) != len(want) {
		t.Fatalf("lines are %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("line %d is %v, want %v", i, got[i], want[i])
		}
	}
}
