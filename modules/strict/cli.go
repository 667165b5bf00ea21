package strict

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"gateway/internal/finding"
	"gateway/internal/terminal"
)

// foreign are Caddy's commands that would replace the binary by a build without the
// gateway's modules.
var foreign = []string{"upgrade", "add-package", "remove-package"}

// outcomes are the commands that load a Caddyfile, with what an error means for them.
var outcomes = map[string]string{
	"run":      "nothing was started",
	"start":    "nothing was started",
	"reload":   "the running gateway keeps its configuration",
	"adapt":    "nothing was adapted",
	"validate": "the configuration is not valid",
}

const longDescription = `gateway is an API gateway: Caddy with modules that verify tokens, validate requests
against a contract, limit rates, choose API versions, and measure all of it.

	$ gateway dev                serve the Caddyfile in this folder while you work on it
	$ gateway run                serve it in production
	$ gateway tail               follow the requests of a running gateway
	$ gateway routes             list the operations that it serves
	$ gateway lint               say everything that is wrong with it
	$ gateway reload             put a changed Caddyfile into service
	$ gateway fmt --overwrite    format it
	$ gateway diff               say which changes of the contracts break clients
	$ gateway new version        begin the next version of an API
	$ gateway versions           say who still uses which version
	$ gateway reasons            list what a request can be refused for

A Caddyfile is loaded strictly: what Caddy would accept with another meaning than the
file shows is an error, and leaves a running gateway as it is.`

const footer = `Caddy's own commands are described at:
https://caddyserver.com/docs/command-line`

func init() {
	caddy.CustomBinaryName = "gateway"
	caddy.CustomLongDescription = longDescription
}

// rewire makes Caddy's commands ours. It is called while the commands are put
// together, when those of Caddy are there already.
func rewire(root *cobra.Command) {
	root.Example = ""
	help, _, _ := strings.Cut(root.HelpTemplate(), "Full documentation is available at:")
	root.SetHelpTemplate(help + footer + "\n")
	for _, command := range root.Commands() {
		if name := command.Name(); slices.Contains(foreign, name) {
			root.RemoveCommand(command)
		} else if outcome, ok := outcomes[name]; ok {
			wrap(command, outcome)
		}
	}
}

// wrap makes a command load Caddyfiles strictly, and print findings for people.
func wrap(command *cobra.Command, outcome string) {
	run := command.RunE
	command.RunE = func(cmd *cobra.Command, args []string) error {
		useStrict(cmd)
		if cmd.Name() == "run" {
			supervise(cmd)
		}
		release := holdLog()
		err := run(cmd, args)
		found := finding.Of(err)
		release(len(found) == 0)
		if len(found) > 0 {
			cmd.SilenceErrors = true
			report(cmd, found, outcome)
			if cmd.Name() == "reload" {
				tellRunning(cmd, found)
			}
		}
		return err
	}
}

// useStrict points the flags of a command to this adapter where Caddy would take its
// own.
func useStrict(cmd *cobra.Command) {
	flags := cmd.Flags()
	config, adapter := flags.Lookup("config"), flags.Lookup("adapter")
	if config == nil || adapter == nil || resumes(cmd) {
		return
	}
	if config.Value.String() == "" && adapter.Value.String() == adapter.DefValue {
		if _, err := os.Stat("Caddyfile"); err != nil {
			return
		}
		_ = config.Value.Set("Caddyfile")
	}
	if isCaddyfile(config.Value.String(), adapter.Value.String()) {
		_ = adapter.Value.Set(adapterName)
	}
}

// resumes tells whether the command will take the configuration that was saved last,
// and no file. With an --envfile it cannot be known where that is.
func resumes(cmd *cobra.Command) bool {
	resume, err := cmd.Flags().GetBool("resume")
	if err != nil || !resume || cmd.Flags().Changed("envfile") {
		return false
	}
	_, err = os.Stat(caddy.ConfigAutosavePath)
	return !errors.Is(err, fs.ErrNotExist)
}

// isCaddyfile decides as Caddy does whether a file is a Caddyfile.
func isCaddyfile(config, adapter string) bool {
	if adapter != "" {
		return adapter == stockName
	}
	name := strings.ToLower(filepath.Base(config))
	return filepath.Ext(name) != ".json" && (strings.HasPrefix(name, "caddyfile") || strings.HasSuffix(name, ".caddyfile"))
}

// holdLog keeps back what is logged until release tells whether to write it. A
// command whose errors are printed for people should not log the same in JSON.
func holdLog() (release func(write bool)) {
	_, original, buffer := caddy.BufferedLog()
	return func(write bool) {
		if !write {
			buffer.FlushTo(zap.NewNop())
		}
		caddy.UnbufferDefaultLogger(original)
	}
}

// report prints findings and what they mean.
func report(cmd *cobra.Command, found finding.List, outcome string) {
	count := "1 error"
	if len(found) > 1 {
		count = fmt.Sprintf("%d errors", len(found))
	}
	out := cmd.ErrOrStderr()
	fmt.Fprintf(out, "%s\n\n%s: %s.\n", found.Render(terminal.Coloured(out)), count, outcome)
}
