package strict

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"time"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"gateway/internal/finding"
)

// tellPatience bounds how long a reload that has failed waits for the gateway to hear
// of it.
const tellPatience = time.Second

// tellRunning tells the running gateway, for its console, that a reload has failed over
// the file. It is a courtesy: that the gateway cannot be reached is no further error.
func tellRunning(cmd *cobra.Command, found finding.List) {
	address, _ := cmd.Flags().GetString("address")
	if address == "" {
		address = adminAddress(cmd.Flags().Lookup("config").Value.String())
	}
	body, err := json.Marshal(failedLoad{Error: found.Error()})
	if err != nil {
		return
	}
	told := make(chan struct{})
	go func() {
		defer close(told)
		if res, err := caddycmd.AdminAPIRequest(address, http.MethodPost, failedPath, nil, bytes.NewReader(body)); err == nil {
			res.Body.Close()
		}
	}()
	select {
	case <-told:
	case <-time.After(tellPatience):
	}
}

// adminAddress looks for the admin endpoint in a Caddyfile that cannot be used. Without
// a word about it, it is where it usually is.
func adminAddress(file string) string {
	if body, err := os.ReadFile(file); err == nil {
		source := newSource(file, string(body), os.LookupEnv)
		tokens, _ := scan(source.text)
		for _, l := range lines(source.text, tokens) {
			if words := l.words(); len(words) == 2 && words[0] == "admin" {
				return words[1]
			}
		}
	}
	return caddy.DefaultAdminListen
}
