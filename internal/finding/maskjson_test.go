package finding

import "testing"

func TestMaskJSON(t *testing.T) {
	t.Setenv("ORDERS_API_TOKEN", "hunter2hunter2")
	t.Setenv("ORDERS_SECRET", "short")
	for _, c := range []struct{ name, config, want string }{
		{"a password", `{"password":"hunter2"}`, `{"password":"••••"}`},
		{"a placeholder", `{"secret":"{env.JWT_SECRET}"}`, `{"secret":"{env.JWT_SECRET}"}`},
		{"a file", `{"key":"keys/public.pem"}`, `{"key":"keys/public.pem"}`},
		{"a key", `{"key":"c2VjcmV0LWtleS1vZi1vdXJz"}`, `{"key":"••••"}`},
		{"the key of a limit", `{"key":["{http.auth.user.id}"]}`, `{"key":["{http.auth.user.id}"]}`},
		{"global", `{"key":["global"]}`, `{"key":["global"]}`},
		{"credentials in a URL", `{"urls":["redis://me:hunter2@localhost:6379"]}`, `{"urls":["redis://••••@localhost:6379"]}`},
		{"a header field", `{"set":{"Authorization":["Bearer abc"],"X-Api-Key":["abc"],"Accept":["*/*"]}}`, `{"set":{"Accept":["*/*"],"Authorization":["••••"],"X-Api-Key":["••••"]}}`},
		{"a token", `{"body":"use eyJhbGciOiJub25lIn0.e30."}`, `{"body":"use ••••"}`},
		{"a password hash", `{"hash":"$2a$14$Zkx19XLiW6VYouLHR5NmfOFU0z2GTNmpkT/5qqR7hx4IjWJPDhjvG"}`, `{"hash":"••••"}`},
		{"a private key", `{"certificate":"-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----"}`, `{"certificate":"••••"}`},
		{"the value of a variable", `{"body":"it is hunter2hunter2!"}`, `{"body":"it is ••••!"}`},
		{"a short value", `{"body":"shortbread"}`, `{"body":"shortbread"}`},
		{"a path", `{"file":"/srv/some/very/long/folder/with/many/parts/in/it"}`, `{"file":"/srv/some/very/long/folder/with/many/parts/in/it"}`},
		{"a number", `{"max":12345678901234567890}`, `{"max":12345678901234567890}`},
	} {
		got, err := MaskJSON([]byte(c.config))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %s, %v; want %s", c.name, got, err, c.want)
		}
	}
	if _, err := MaskJSON([]byte("{")); err == nil {
		t.Error("half a configuration is shown")
	}
}
