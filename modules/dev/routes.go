package dev

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"gateway/internal/terminal"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "routes",
		Usage: "[--address <console>] [--format text|json]",
		Short: "Lists the operations that a running gateway serves",
		Long: `
Asks the console of a running gateway for every operation: what it demands of callers,
what limits it, which service is behind it, and where its contract describes it.

	$ gateway routes
	$ gateway routes --address 127.0.0.1:2022 --format json
`,
		CobraFunc: func(cmd *cobra.Command) {
			cmd.Flags().String("address", usualConsole, "Address of the console")
			cmd.Flags().String("format", "text", "Output: text or json")
			cmd.Args = cobra.NoArgs
			cmd.RunE = runRoutes
		},
	})
}

// operation is an operation as the console describes it.
type operation struct {
	Method     string                           `json:"method"`
	Template   string                           `json:"template"`
	API        string                           `json:"api"`
	Version    string                           `json:"version"`
	Auth       string                           `json:"auth"`
	Scopes     []string                         `json:"scopes"`
	Limits     []struct{ Policy, Quota string } `json:"limits"`
	Upstream   []string                         `json:"upstream"`
	Deprecated bool                             `json:"deprecated"`
	Source     struct {
		File string `json:"file"`
		Line int    `json:"line"`
	} `json:"source"`
}

func runRoutes(cmd *cobra.Command, _ []string) error {
	format, _ := cmd.Flags().GetString("format")
	if format != "text" && format != "json" {
		return fmt.Errorf("--format is text or json, not %q", format)
	}
	address, _ := cmd.Flags().GetString("address")
	var answer struct {
		Routes []json.RawMessage `json:"routes"`
	}
	if err := ask(cmd.Context(), address, "/api/routes", &answer); err != nil {
		return fmt.Errorf("no console answers at %s (gateway dev has one; gateway run takes the option console): %w", address, err)
	}
	if format == "json" {
		encoder := json.NewEncoder(cmd.OutOrStdout())
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(answer.Routes)
	}
	list := make([]operation, len(answer.Routes))
	for i, route := range answer.Routes {
		if err := json.Unmarshal(route, &list[i]); err != nil {
			return fmt.Errorf("the console speaks another language: %w", err)
		}
	}
	return writeRoutes(cmd.OutOrStdout(), list)
}

// writeRoutes writes a table. Its texts are of contracts and configurations.
func writeRoutes(out io.Writer, list []operation) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "METHOD\tPATH\tAPI\tAUTH\tLIMITS\tSERVICE\tSOURCE")
	for _, o := range list {
		api, auth := strings.TrimSpace(o.API+" "+o.Version), o.Auth
		if o.Deprecated {
			api += " (deprecated)"
		}
		if len(o.Scopes) > 0 {
			auth += ": " + strings.Join(o.Scopes, " or ")
		}
		limits := make([]string, len(o.Limits))
		for i, l := range o.Limits {
			limits[i] = l.Policy + " " + l.Quota
		}
		cells := []string{
			o.Method, o.Template, api, auth, strings.Join(limits, ", "), strings.Join(o.Upstream, ", "), fmt.Sprintf("%s:%d", o.Source.File, o.Source.Line),
		}
		for i, cell := range cells {
			if cells[i] = terminal.Line(cell); cell == "" {
				cells[i] = "-"
			}
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	return table.Flush()
}
