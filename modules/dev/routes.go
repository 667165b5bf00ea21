package dev

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"gateway/internal/configured"
	"gateway/internal/terminal"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "routes",
		Usage: "[--config <path> | --address <console>] [--format text|json]",
		Short: "Lists the operations that a gateway serves",
		Long: `
Lists every operation: what it demands of callers, what limits it, which service is behind
it, and where its contract describes it. With --config these are the operations of a
configuration, which need not run; otherwise those of the gateway whose console answers
or, if none does, of the Caddyfile in this folder.

	$ gateway routes
	$ gateway routes --config Caddyfile
	$ gateway routes --address 127.0.0.1:2022 --format json
`,
		CobraFunc: func(cmd *cobra.Command) {
			cmd.Flags().StringP("config", "c", "", "Configuration file to read, instead of asking a console")
			cmd.Flags().String("address", usualConsole, "Address of the console")
			cmd.MarkFlagsMutuallyExclusive("config", "address")
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
	routes, err := operations(cmd)
	if err != nil {
		return err
	}
	if format == "json" {
		encoder := json.NewEncoder(cmd.OutOrStdout())
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(routes)
	}
	list := make([]operation, len(routes))
	for i, route := range routes {
		if err := json.Unmarshal(route, &list[i]); err != nil {
			return fmt.Errorf("the console speaks another language: %w", err)
		}
	}
	return writeRoutes(cmd.OutOrStdout(), list)
}

// operations finds out which operations there are, as the console describes them.
func operations(cmd *cobra.Command) ([]json.RawMessage, error) {
	file, _ := cmd.Flags().GetString("config")
	address, _ := cmd.Flags().GetString("address")
	if file != "" {
		return planned(cmd.Context(), file)
	}
	var answer listed
	err := ask(cmd.Context(), address, "/api/routes", &answer)
	if err == nil {
		return answer.Routes, nil
	}
	if file, _ = configured.File(""); file == "" || cmd.Flags().Changed("address") {
		return nil, fmt.Errorf("no console answers at %s (gateway dev has one; gateway run takes the option console; --config reads a file): %w", address, err)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "no console answers at %s; these are the operations of %s\n", address, file)
	return planned(cmd.Context(), file)
}

// listed is what the console says of operations.
type listed struct {
	Routes []json.RawMessage `json:"routes"`
}

// planned returns the operations that a configuration would serve. It is provisioned, so
// that everything in it is checked as by a load, but none of its sites listens.
func planned(ctx context.Context, file string) ([]json.RawMessage, error) {
	text, err := configured.JSON(file)
	if err != nil {
		return nil, err
	}
	address, err := anyAddress()
	if err != nil {
		return nil, err
	}
	config, err := quiet(text, address)
	if err != nil {
		return nil, err
	}
	_, original, buffer := caddy.BufferedLog()
	defer func() {
		buffer.FlushTo(zap.NewNop())
		caddy.UnbufferDefaultLogger(original)
	}()
	provisioned, err := caddy.ProvisionContext(config)
	if err != nil {
		return nil, err
	}
	app, err := provisioned.App("gateway")
	if err != nil {
		return nil, err
	}
	gateway := app.(caddy.App)
	if err := gateway.Start(); err != nil { // that is its console
		return nil, err
	}
	var answer listed
	err = errors.Join(ask(ctx, address, "/api/routes", &answer), gateway.Stop())
	return answer.Routes, err
}

// quiet makes a configuration one that has a console at an address, and logs nothing.
func quiet(text []byte, console string) (*caddy.Config, error) {
	tree, err := decode(text)
	if err != nil {
		return nil, err
	}
	member(tree, "apps", "gateway")["console"] = console
	tree["logging"] = object{"logs": object{"default": object{"writer": object{"output": "discard"}}}}
	if text, err = json.Marshal(tree); err != nil {
		return nil, err
	}
	config := new(caddy.Config)
	return config, json.Unmarshal(text, config)
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
