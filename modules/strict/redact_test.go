package strict

import (
	"strings"
	"testing"
)

// Every log gets the filter, also the one that the file does not name, around
// whatever encoder it has.
func TestTokensAreHiddenInEveryLog(t *testing.T) {
	t.Parallel()
	config, warnings, err := Adapter{}.Adapt([]byte(":8080 {\n\tlog {\n\t\tformat console\n\t}\n\tauth https://idp.example {\n\t\taudience a\n\t\ttoken_from query t\n\t\ttoken_from header x-token\n\t\ttoken_from websocket\n\t\ttoken_from cookie c\n\t}\n\trespond x\n}\n"), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) != 1 || warnings[0].Line != 5 || !strings.Contains(warnings[0].Message, "query") {
		t.Errorf("the warnings are %+v", warnings)
	}
	text := string(config)
	if got := strings.Count(text, `"request\u003euri"`); got != 2 {
		t.Errorf("%d logs hide addresses, want 2: %s", got, text)
	}
	for _, want := range []string{`"wrap":{"format":"console"}`, `"parameter":"t"`, `"request\u003eheaders\u003eX-Token"`, `"request\u003eheaders\u003eSec-Websocket-Protocol"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
	for range 5 {
		again, _, err := hideTokens([]byte(`{"apps":{"a":{"token_from":[{"in":"query","name":"x"}],"source":"f:1"},"b":{"token_from":[{"in":"query","name":"y"}],"source":"f:2"}}}`))
		if err != nil || !strings.Contains(string(again), `"parameter":"x","type":"replace","value":"REDACTED"},{"parameter":"y"`) {
			t.Errorf("got %s, %v", again, err)
		}
	}
}

func TestOtherConfigsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, config := range []string{`{"apps": {"http": {}}}`, `{"apps": {"token_from": [{"in": "cookie", "name": "c"}, {"in": "header"}]}}`} {
		got, warnings, err := hideTokens([]byte(config))
		if err != nil || string(got) != config || warnings != nil {
			t.Errorf("%s became %s, %v, %v", config, got, warnings, err)
		}
	}
}
