package change_test

import (
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
)

// A version that is carried to the newest would reach the service of the old one in the
// words of the new.
func TestCarriedVersionHasNoServiceOfItsOwn(t *testing.T) {
	t.Parallel()
	const head = ":8080 {\n\tapi orders {\n\t\tcontract " + example + "\n"
	const tail = "\t\treverse_proxy localhost:9002\n\t}\n}\n"
	for name, lines := range map[string]string{
		"a proxy": "\t\treverse_proxy @v1 localhost:9001\n",
		"a route": "\t\thandle @v1 {\n\t\t\treverse_proxy localhost:9001\n\t\t}\n",
	} {
		_, err := gatewaytest.Load(t, head+lines+tail)
		for _, want := range []string{"Caddyfile:4", "requests of v1 are carried to v2", "change { mode off }"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q in it", name, err, want)
			}
		}
		gatewaytest.New(t, head+"\t\tchange {\n\t\t\tmode off\n\t\t}\n"+lines+tail)
	}
	for name, lines := range map[string]string{
		"another thing of that version": "\t\theader @v1 X-Old yes\n",
		"the newest version":            "\t\treverse_proxy @v2 localhost:9001\n",
	} {
		t.Log(name)
		gatewaytest.New(t, head+lines+tail)
	}
}
