package generate

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"gateway/internal/configured"
	"gateway/internal/finding"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "new",
		Usage: "version|change",
		Short: "Writes files to begin with",
		CobraFunc: func(cmd *cobra.Command) {
			cmd.Args = cobra.NoArgs
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
			cmd.AddCommand(versionCommand(), changeCommand())
		},
	})
}

func versionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version <api> [<name>] [--config <path>]",
		Short: "Begins the next version of an API",
		Long: `
Writes the folder of the next version: a copy of the newest contract, with comments that
say how to go on. It is served at once, and says the same as the version before it.

	$ gateway new version orders
	$ gateway new version orders v2.1

The API is one of the Caddyfile, or a folder with versions. The name is the next number,
or today where versions are dates.
`,
		Args: cobra.RangeArgs(1, 2),
		RunE: runVersion,
	}
	cmd.Flags().StringP("config", "c", "", "Configuration file that names the API (default: Caddyfile)")
	return cmd
}

func changeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "change <api> <sentence> [<schema>[.<member>]...] [--config <path>]",
		Short: "Begins a file that carries old clients over what the newest version changed",
		Long: `
Writes a file into the changes folder of the newest version, with the steps that its contract
and the one before suggest for what breaks clients. The sentence becomes the changelog.

	$ gateway new change orders "The quantity of an item is called quantity."
	$ gateway new change orders "The fax number is gone." Order.fax

Without names it is about everything that no change file covers yet, a file for each schema and
operation. The steps are guesses: check them, then run gateway test --versions.
`,
		Args: cobra.MinimumNArgs(2),
		RunE: runChange,
	}
	cmd.Flags().StringP("config", "c", "", "Configuration file that names the API (default: Caddyfile)")
	return cmd
}

func runChange(cmd *cobra.Command, args []string) error {
	place, err := placeOf(cmd, args[0])
	if err != nil {
		return explain(cmd, err)
	}
	files, open, err := newChange(filepath.Base(args[0]), place, args[1], args[2:], time.Now())
	if err != nil {
		return explain(cmd, err)
	}
	out := cmd.OutOrStdout()
	if _, err := fmt.Fprintf(out, "%s\nCheck the steps; gateway test --versions tries them.\n", files); err != nil {
		return err
	}
	for i := range open {
		if _, err := fmt.Fprintf(out, "not covered yet: %s%s\n", open[i].Where(), open[i].Message); err != nil {
			return err
		}
	}
	return nil
}

func runVersion(cmd *cobra.Command, args []string) error {
	name := ""
	if len(args) > 1 {
		name = args[1]
	}
	place, err := placeOf(cmd, args[0])
	if err != nil {
		return explain(cmd, err)
	}
	file, err := nextVersion(filepath.Base(args[0]), place, name, time.Now())
	if err != nil {
		return explain(cmd, err)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s says the same as the version before it. What is in its first lines comes next.\n", file)
	return err
}

// placeOf finds the contracts of an API by its name, or takes a folder as it is.
func placeOf(cmd *cobra.Command, api string) (string, error) {
	named, _ := cmd.Flags().GetString("config")
	config, err := configured.File(named)
	if err != nil {
		return "", err
	}
	if filepath.Base(api) != api || config == "" {
		return api, nil
	}
	apis, err := configured.Read(config)
	if err != nil {
		return "", err
	}
	names := make([]string, 0, len(apis))
	for _, a := range apis {
		switch {
		case a.Name != api:
			names = append(names, a.Name)
		case a.Remote():
			return "", fmt.Errorf("api %s has its contract from %s, where its versions have to begin", a.Name, a.Contract)
		default:
			return a.Contract, nil
		}
	}
	return "", fmt.Errorf("%s has no api %s; %s", config, api, finding.Suggest(api, names...))
}

// explain prints findings as they are.
func explain(cmd *cobra.Command, err error) error {
	list, isList := errors.AsType[finding.List](err)
	one, isOne := errors.AsType[*finding.Error](err)
	switch {
	case isList:
		fmt.Fprintln(cmd.ErrOrStderr(), list.Render(false))
	case isOne:
		fmt.Fprintln(cmd.ErrOrStderr(), one.Render(false))
	default:
		return err
	}
	cmd.SilenceErrors = true
	return err
}
