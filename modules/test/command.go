package test

import (
	"errors"
	"fmt"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"gateway/internal/configured"
	"gateway/internal/finding"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "test",
		Usage: "--versions [<api>...] [--config <path>] [--format text|json]",
		Short: "Tries whether old clients get through to the newest version",
		Long: `
Carries documents between every two neighbouring versions of every API: all examples of
the contracts, and generated instances of every schema. Requests that keep the older
contract have to keep the newer one after the change files; responses that keep the newer
one have to keep the older one; and where a change is lossless, what an old client sends
comes back to it as it was.

	$ gateway test --versions
	$ gateway test --versions orders
	$ gateway test --versions api/orders

The exit code is 1 if a document gets lost, or a breaking change is not covered by a change
file or a waiver.
`,
		CobraFunc: func(cmd *cobra.Command) {
			flags := cmd.Flags()
			flags.StringP("config", "c", "", "Configuration file that names the APIs (default: Caddyfile)")
			flags.Bool("versions", false, "Carry documents between the versions of each API")
			flags.String("format", "text", "Output: text or json")
			cmd.RunE = run
		},
	})
}

// errFailed ends the command with exit code 1, its report being printed already.
var errFailed = errors.New("old clients do not get through")

func run(cmd *cobra.Command, args []string) error {
	cmd.SilenceErrors = true
	err := try(cmd, args)
	list, isList := errors.AsType[finding.List](err)
	one, isOne := errors.AsType[*finding.Error](err)
	switch {
	case err == nil:
	case errors.Is(err, errFailed):
		fmt.Fprintln(cmd.ErrOrStderr(), err)
	case isList:
		fmt.Fprintln(cmd.ErrOrStderr(), list.Render(false))
	case isOne:
		fmt.Fprintln(cmd.ErrOrStderr(), one.Render(false))
	default:
		fmt.Fprintln(cmd.ErrOrStderr(), "Error:", err)
	}
	return err
}

func try(cmd *cobra.Command, args []string) error {
	flags := cmd.Flags()
	format, _ := flags.GetString("format")
	versions, _ := flags.GetBool("versions")
	print := formats[format]
	switch {
	case !versions:
		return errors.New("say what to test: --versions")
	case print == nil:
		return fmt.Errorf("--format is text or json, not %q", format)
	}
	named, _ := flags.GetString("config")
	config, err := configured.File(named)
	if err != nil {
		return err
	}
	apis, err := wanted(args, config)
	if err != nil {
		return err
	}
	var results []Result
	for _, a := range apis {
		more, err := a.test()
		if err != nil {
			return err
		}
		results = append(results, more...)
	}
	if err := print(cmd.OutOrStdout(), results); err != nil {
		return err
	}
	if failed(results) {
		return errFailed
	}
	return nil
}
