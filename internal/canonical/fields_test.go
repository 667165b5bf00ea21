package canonical

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFields(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		trusted  bool
		in, want http.Header
	}{
		"fiction about the client": {
			in:   http.Header{"Forwarded": {"for=10.0.0.1"}, "X-Real-Ip": {"10.0.0.1"}, "X-Forwarded-Prefix": {"/admin"}, "Accept": {"*/*"}},
			want: http.Header{"Accept": {"*/*"}},
		},
		"the same from a trusted proxy": {
			trusted: true,
			in:      http.Header{"Forwarded": {"for=10.0.0.1"}, "X-Real-Ip": {"10.0.0.1"}},
			want:    http.Header{"Forwarded": {"for=10.0.0.1"}, "X-Real-Ip": {"10.0.0.1"}},
		},
		"another method or path": {
			trusted: true,
			in:      http.Header{"X-Http-Method-Override": {"DELETE"}, "X-Original-Url": {"/admin"}},
			want:    http.Header{},
		},
		"a WebSocket": {
			in:   http.Header{"Upgrade": {"WebSocket"}, "Connection": {"keep-alive, Upgrade"}},
			want: http.Header{"Upgrade": {"WebSocket"}, "Connection": {"keep-alive, Upgrade"}},
		},
		"h2c": {
			in:   http.Header{"Upgrade": {"h2c"}, "Connection": {"keep-alive, Upgrade", "HTTP2-Settings"}, "Http2-Settings": {"AAMA"}},
			want: http.Header{"Connection": {"keep-alive"}},
		},
		"h2c behind a WebSocket": {
			in:   http.Header{"Upgrade": {"websocket", "h2c"}, "Connection": {"Upgrade"}},
			want: http.Header{},
		},
		"h2c in one field with a WebSocket": {
			in:   http.Header{"Upgrade": {"websocket, h2c"}, "Connection": {"Upgrade"}},
			want: http.Header{},
		},
	} {
		Fields(tt.in, tt.trusted)
		if diff := cmp.Diff(tt.want, tt.in); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestOrdinaryFieldsCostNothing(t *testing.T) {
	header := http.Header{"Accept": {"*/*"}, "User-Agent": {"x"}}
	if n := testing.AllocsPerRun(100, func() { Fields(header, false) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
