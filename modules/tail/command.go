package tail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"gateway/internal/filter"
	"gateway/internal/recording"
	"gateway/internal/terminal"
)

// defaultAddress is where the console of gateway dev is, and usually that of a gateway.
const defaultAddress = "127.0.0.1:2021"

// defaultLast is how many requests --once prints.
const defaultLast = 20

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "tail",
		Usage: "[<filter>...] [--address <console>] [--last <n>] [--once] [--bodies] [--format text|json]",
		Short: "Follows the requests of a running gateway",
		Long: `
Prints a line for each request of a gateway whose console is on, as the request ends, and
below it why it was refused:

	$ gateway tail
	$ gateway tail 'reason:schema.*' 'status:>=400' -consumer:alice
	$ gateway tail --once --last 50 --format json

The filter is that of the console: terms that all have to match, key:value or a word. Keys
are ` + strings.Join(filter.Keys(), ", ") + `.
Values may have * in them, stand in quotes, and be several with commas between them;
numbers may be compared with >=, <=, > and <, or lie in a range such as 400..499 or 4xx. A -
before a term means not; put -- before a first term that begins with one.
`,
		CobraFunc: func(cmd *cobra.Command) {
			flags := cmd.Flags()
			flags.String("address", defaultAddress, "Address of the console")
			flags.IntP("last", "n", 0, "Print the last requests first, at most "+strconv.Itoa(recording.Capacity))
			flags.Bool("once", false, "Print the last requests and end")
			flags.Bool("bodies", false, "Print the bodies, masked and cut")
			flags.String("format", "text", "Output: text or json")
			cmd.RunE = run
		},
	})
}

func run(cmd *cobra.Command, args []string) error {
	flags := cmd.Flags()
	format, _ := flags.GetString("format")
	if format != "text" && format != "json" {
		return fmt.Errorf("--format is text or json, not %q", format)
	}
	last, _ := flags.GetInt("last")
	if last < 0 || last > recording.Capacity {
		return fmt.Errorf("--last is a number up to %d, which is how many the console remembers", recording.Capacity)
	}
	once, _ := flags.GetBool("once")
	if once && last == 0 {
		last = defaultLast
	}
	options := Options{Filter: strings.Join(args, " "), JSON: format == "json", Colour: terminal.Coloured(cmd.OutOrStdout())}
	options.Address, _ = flags.GetString("address")
	options.Address = strings.TrimSuffix(strings.TrimPrefix(options.Address, "http://"), "/")
	if !strings.Contains(options.Address, ":") {
		options.Address += ":2021"
	}
	options.Bodies, _ = flags.GetBool("bodies")
	if _, err := filter.Parse(options.Filter); err != nil {
		cmd.SilenceErrors = true
		explainFilter(cmd.ErrOrStderr(), options.Filter, err)
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	err := follow(ctx, New(options, cmd.OutOrStdout(), cmd.ErrOrStderr()), last, once)
	if errors.Is(err, errAway) {
		cmd.SilenceErrors = true
		fmt.Fprintf(cmd.ErrOrStderr(), "%s\nhint: gateway dev has a console; for gateway run, write gateway { console %s } into the global options; elsewhere: --address\n",
			terminal.Line(err.Error()), options.Address)
	}
	return err
}

func follow(ctx context.Context, f *Follower, last int, once bool) error {
	if last > 0 {
		if err := f.Last(ctx, last); err != nil || once {
			return err
		}
	}
	return f.Follow(ctx)
}

// explainFilter shows where a filter is wrong.
func explainFilter(out io.Writer, text string, err error) {
	mistake, ok := errors.AsType[*filter.Error](err)
	if !ok {
		fmt.Fprintln(out, terminal.Line(err.Error()))
		return
	}
	fmt.Fprintf(out, "the filter is not understood: %s\n  %s\n  %s%s\n", terminal.Line(mistake.Message), terminal.Line(text),
		strings.Repeat(" ", mistake.Position), strings.Repeat("^", max(mistake.Length, 1)))
	if mistake.Hint != "" {
		fmt.Fprintln(out, "hint: "+terminal.Line(mistake.Hint))
	}
}
