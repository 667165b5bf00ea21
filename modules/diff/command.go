package diff

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"gateway/internal/compat"
	"gateway/internal/configured"
	"gateway/internal/finding"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "diff",
		Usage: "[<old> [<new>]] [--against git:<rev>] [--lock] [--config <path>] [--format text|json|github|sarif]",
		Short: "Tells which changes of contracts break clients",
		Long: `
Compares contracts, and says of every difference whether it breaks clients, where it is
in both files, and what to do about it. Without arguments every version of every API in
the Caddyfile is compared with the one before it; an argument is a contract, or a folder
with versions. Contracts that --lock has frozen are compared with what was published.

	$ gateway diff
	$ gateway diff --against git:main
	$ gateway diff api/orders/v1 api/orders/v2
	$ gateway diff --lock api/orders/v1

A break between two versions is covered by a file in the changes folder of the newer one,
with which the gateway carries old clients over it (gateway new change writes one). Or it is
accepted with a waiver where it happens in the new contract, with a reason:

	x-allow-breaking:
	  response-optional-property-removed: nobody reads the fax number; all consumers asked

The exit code is 1 if there is a break that nothing covers.
`,
		CobraFunc: func(cmd *cobra.Command) {
			flags := cmd.Flags()
			flags.StringP("config", "c", "", "Configuration file that names the APIs (default: Caddyfile)")
			flags.String("against", "", "Compare with the same files in a commit: git:<rev>")
			flags.Bool("lock", false, "Freeze the contracts: an edit that breaks clients does not load from then on")
			flags.String("format", "text", "Output: text, json, github or sarif")
			cmd.Args = cobra.MaximumNArgs(2)
			cmd.RunE = run
		},
	})
}

// errBreaks ends the command with exit code 1, its report being printed already.
var errBreaks = errors.New("there are breaking changes that neither a waiver nor a change file covers")

func run(cmd *cobra.Command, args []string) error {
	cmd.SilenceErrors = true
	err := compareOrLock(cmd, args)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errBreaks):
		fmt.Fprintln(cmd.ErrOrStderr(), err)
		return err
	}
	list, isList := errors.AsType[finding.List](err)
	one, isOne := errors.AsType[*finding.Error](err)
	switch {
	case isList:
		fmt.Fprintln(cmd.ErrOrStderr(), list.Render(false))
	case isOne:
		fmt.Fprintln(cmd.ErrOrStderr(), one.Render(false))
	default:
		fmt.Fprintln(cmd.ErrOrStderr(), "Error:", err)
	}
	return err
}

func compareOrLock(cmd *cobra.Command, args []string) error {
	flags := cmd.Flags()
	format, _ := flags.GetString("format")
	against, _ := flags.GetString("against")
	locking, _ := flags.GetBool("lock")
	print := formats[format]
	switch {
	case print == nil:
		return fmt.Errorf("--format is one of %s, not %q", strings.Join(slices.Sorted(maps.Keys(formats)), ", "), format)
	case locking && against != "":
		return errors.New("--lock freezes contracts as they are now; it compares with no commit")
	case against != "" && len(args) == 2:
		return errors.New("--against compares one place with a commit; leave the second one out")
	case len(args) == 2 && !locking:
		list, err := twoFiles(args[0], args[1])
		return conclude(cmd, print, list, err)
	}
	apis, err := wanted(cmd, args)
	if err != nil {
		return err
	}
	if locking {
		return lock(cmd, apis)
	}
	list, err := compareAll(apis, against)
	return conclude(cmd, print, list, err)
}

// wanted finds what is to be looked at.
func wanted(cmd *cobra.Command, args []string) ([]*api, error) {
	named, _ := cmd.Flags().GetString("config")
	config, err := configured.File(named)
	if err != nil {
		return nil, err
	}
	if len(args) == 0 && config == "" {
		return nil, errors.New("there is no Caddyfile in this folder; name contracts, or a configuration with --config")
	}
	apis, notes, err := find(args, config)
	for _, note := range notes {
		fmt.Fprintln(cmd.ErrOrStderr(), note)
	}
	return apis, err
}

func compareAll(apis []*api, against string) ([]Comparison, error) {
	var list []Comparison
	for _, a := range apis {
		var more []Comparison
		var err error
		if against == "" {
			more, err = a.predecessors()
		} else {
			var rev string
			if rev, err = revision(against); err == nil {
				more, err = a.against(rev)
			}
		}
		if err != nil {
			return nil, err
		}
		frozen, err := a.frozen()
		if err != nil {
			return nil, err
		}
		list = append(append(list, more...), frozen...)
	}
	return list, nil
}

// conclude prints the report and decides about the exit code.
func conclude(cmd *cobra.Command, print printer, list []Comparison, err error) error {
	if err != nil {
		return err
	}
	if err := print(cmd.OutOrStdout(), list); err != nil {
		return err
	}
	if breaks(list) > 0 {
		return errBreaks
	}
	return nil
}

// lock freezes all contracts, or says which of them cannot be.
func lock(cmd *cobra.Command, apis []*api) error {
	var found finding.List
	for _, a := range apis {
		for _, f := range a.found {
			file, err := compat.Lock(f.File)
			if list, ok := errors.AsType[finding.List](err); ok {
				found = append(found, list...)
				continue
			}
			if one, ok := errors.AsType[*finding.Error](err); ok {
				found = append(found, one)
				continue
			}
			if err != nil {
				return err
			}
			if _, err := os.Stat(file); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s keeps %s. Commit it.\n", file, f.File)
		}
	}
	return found.Err()
}
