package rules

import (
	"fmt"
	"io"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"gateway/internal/configured"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "rules",
		Usage: "[--config <path>] [--runbooks <url>]",
		Short: "Prints recording rules and alerts for Prometheus",
		Long: `
Prints the rules that belong to the metrics of the gateway: how fast each API uses up
its error budget, what is left of it, and alerts about that and about the gateway itself.

	$ gateway rules > /etc/prometheus/rules/gateway.yml

The rules are the same for every configuration, because the gateway tells Prometheus its
objectives. What the configuration promises is printed beside them, to the terminal.
`,
		CobraFunc: func(cmd *cobra.Command) {
			flags := cmd.Flags()
			flags.StringP("config", "c", "", "Configuration file that names the APIs (default: Caddyfile)")
			flags.String("runbooks", DefaultRunbooks, "Where the pages about the alerts are, for their annotation runbook_url")
			cmd.Args = cobra.NoArgs
			cmd.RunE = run
		},
	})
}

// DefaultRunbooks is where the repository has the pages about the alerts.
const DefaultRunbooks = "docs/runbooks/"

func run(cmd *cobra.Command, _ []string) error {
	named, _ := cmd.Flags().GetString("config")
	runbooks, _ := cmd.Flags().GetString("runbooks")
	config, err := configured.File(named)
	if err != nil {
		return err
	}
	if config != "" {
		if err := promised(cmd.ErrOrStderr(), config); err != nil {
			return err
		}
	}
	text, err := New(strings.TrimSuffix(runbooks, "/") + "/").YAML()
	if err != nil {
		return err
	}
	_, err = cmd.OutOrStdout().Write(text)
	return err
}

// promised tells what the APIs of a configuration promise.
func promised(w io.Writer, config string) error {
	apis, err := configured.Read(config)
	if err != nil {
		return err
	}
	for _, api := range apis {
		text := "no slo, so no alert is about its requests; such as: slo availability 99.9 latency 250ms 99"
		if slo := api.SLO; slo != nil {
			text = slo.String()
		}
		if _, err := fmt.Fprintf(w, "api %s (%s): %s\n", api.Name, api.Source, text); err != nil {
			return err
		}
	}
	return nil
}
