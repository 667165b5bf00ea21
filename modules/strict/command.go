package strict

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"gateway/internal/finding"
	"gateway/internal/problem"
	"gateway/internal/terminal"
)

func init() {
	var lint *cobra.Command
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "lint",
		Usage: "[--config <path>] [--adapter <name>] [--format text|json]",
		Short: "Reports everything that is wrong with a configuration",
		Long: `
Adapts and provisions a configuration as run would, without serving it, and prints
all findings with their place, the lines around it, and a hint. The exit code is 1 if
there are errors, 0 if there are only warnings.

	$ gateway lint
	$ gateway lint --config sites/Caddyfile --format json
`,
		CobraFunc: func(cmd *cobra.Command) {
			lint = cmd
			cmd.Flags().StringP("config", "c", "", "Configuration file, - for standard input")
			cmd.Flags().StringP("adapter", "a", "", "Name of the config adapter")
			cmd.Flags().String("format", "text", "Output: text or json")
			cmd.Args = cobra.NoArgs
			cmd.RunE = runLint
		},
	})
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "reasons",
		Usage: "[<code>]",
		Short: "Lists what a request can be refused for",
		Long: `
Prints the catalogue of reasons, or the page about one of them.

	$ gateway reasons auth.expired
`,
		CobraFunc: func(cmd *cobra.Command) {
			cmd.Args = cobra.MaximumNArgs(1)
			cmd.RunE = runReasons
			// Caddy hands out no root command. By now lint has been added to it.
			rewire(lint.Parent())
		},
	})
}

func runReasons(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return listReasons(cmd.OutOrStdout())
	}
	reason := problem.Find(args[0])
	if reason == nil {
		var codes []string
		for _, r := range problem.Catalogue() {
			codes = append(codes, r.Code)
		}
		near := finding.Nearest(args[0], codes)
		if near == "" {
			return fmt.Errorf("there is no reason %q; gateway reasons lists them", args[0])
		}
		return fmt.Errorf("there is no reason %q; did you mean %s?", args[0], near)
	}
	_, err := io.WriteString(cmd.OutOrStdout(), problem.Page(reason))
	return err
}

func listReasons(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, reason := range problem.Catalogue() {
		fmt.Fprintf(table, "%s\t%d\t%s\n", reason.Code, reason.Status, reason.Title)
	}
	return table.Flush()
}

// result is what lint prints as JSON.
type result struct {
	Errors   []item `json:"errors"`
	Warnings []item `json:"warnings"`
}

type item struct {
	finding.Position
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	Page    string `json:"page,omitempty"`
}

// errFindings ends lint with exit code 1, its findings being printed already.
var errFindings = errors.New("the configuration has errors")

func runLint(cmd *cobra.Command, _ []string) error {
	format, _ := cmd.Flags().GetString("format")
	if format != "text" && format != "json" {
		return fmt.Errorf("--format is text or json, not %q", format)
	}
	useStrict(cmd)
	config, _ := cmd.Flags().GetString("config")
	adapter, _ := cmd.Flags().GetString("adapter")
	if config == "" {
		return errors.New("there is no Caddyfile in this folder; name a file with --config")
	}
	release := holdLog()
	warnings, doubts, err := lint(config, adapter)
	found := finding.Of(err)
	if err != nil && len(found) == 0 {
		found = finding.List{{Message: err.Error(), At: finding.Position{File: config}}}
	}
	release(false)
	cmd.SilenceErrors = true
	if err := printResult(cmd, format, found, warnings, doubts); err != nil {
		return err
	}
	if len(found) > 0 {
		return errFindings
	}
	return nil
}

// lint adapts and provisions a configuration, and looks at the contracts of one that
// has no errors.
func lint(config, adapter string) (warnings []caddyconfig.Warning, doubtful finding.List, err error) {
	var parsed []byte
	if adapter != adapterName {
		parsed, _, _, err = caddycmd.LoadConfig(config, adapter)
	} else {
		var body []byte
		if body, err = readConfig(config); err == nil {
			parsed, warnings, err = Adapter{}.Adapt(body, map[string]any{"filename": config})
		}
	}
	if err == nil {
		err = provision(parsed)
	}
	if err == nil {
		doubtful = doubts(parsed)
	}
	return warnings, doubtful, err
}

func readConfig(config string) ([]byte, error) {
	if config == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(config)
}

func provision(parsed []byte) error {
	var config *caddy.Config
	if err := caddy.StrictUnmarshalJSON(caddy.RemoveMetaFields(parsed), &config); err != nil {
		return fmt.Errorf("decoding config: %w", err)
	}
	quieten(config)
	return caddy.Validate(config)
}

// quieten keeps what modules log while they are provisioned away from the findings,
// unless the configuration says itself where it goes.
func quieten(config *caddy.Config) {
	if config.Logging == nil {
		config.Logging = new(caddy.Logging)
	}
	if config.Logging.Logs == nil {
		config.Logging.Logs = map[string]*caddy.CustomLog{}
	}
	if config.Logging.Logs[caddy.DefaultLoggerName] == nil {
		discard := caddy.BaseLog{WriterRaw: json.RawMessage(`{"output":"discard"}`)}
		config.Logging.Logs[caddy.DefaultLoggerName] = &caddy.CustomLog{BaseLog: discard}
	}
}

func printResult(cmd *cobra.Command, format string, found finding.List, warnings []caddyconfig.Warning, doubts finding.List) error {
	out := cmd.OutOrStdout()
	if format == "json" {
		r := result{Errors: []item{}, Warnings: []item{}}
		for _, e := range found {
			r.Errors = append(r.Errors, item{e.Where(), e.Message, e.Hint, e.Page})
		}
		for _, w := range warnings {
			r.Warnings = append(r.Warnings, item{Position: finding.Position{File: w.File, Line: w.Line}, Message: w.Message})
		}
		for _, e := range doubts {
			r.Warnings = append(r.Warnings, item{e.Where(), e.Message, e.Hint, e.Page})
		}
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	for _, w := range warnings {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s:%d: warning: %s\n", w.File, w.Line, w.Message)
	}
	for _, e := range doubts {
		e.Message = "warning: " + e.Message
		fmt.Fprintf(cmd.ErrOrStderr(), "%s\n\n", e.Render(terminal.Coloured(cmd.ErrOrStderr())))
	}
	if len(found) > 0 {
		report(cmd, found, outcomes["validate"])
		return nil
	}
	_, err := fmt.Fprintln(out, "No errors.")
	return err
}
