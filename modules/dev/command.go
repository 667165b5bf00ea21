package dev

import (
	"errors"
	"fmt"
	"os/signal"
	"syscall"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"gateway/internal/configured"
	"gateway/internal/loads"
	"gateway/internal/terminal"
	"gateway/modules/console"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "dev",
		Usage: "[--config <path>] [--console <address>]",
		Short: "Serves a Caddyfile while you work on it",
		Long: `
Serves the Caddyfile in this folder, and what changes in it as soon as it is saved. What
cannot be loaded is shown with the lines around it, while the configuration before serves
on. Each request is a line, and below it why it was refused. The console is on.

	$ gateway dev
	$ gateway dev --config sites/Caddyfile --console 127.0.0.1:2022

Requests are judged as by gateway run, which is for production.
`,
		CobraFunc: func(cmd *cobra.Command) {
			cmd.Flags().StringP("config", "c", "", "Configuration file (default: Caddyfile)")
			cmd.Flags().String("console", "", "Address of the console (default: as the configuration says, or "+usualConsole+")")
			cmd.Args = cobra.NoArgs
			cmd.RunE = run
		},
	})
}

func run(cmd *cobra.Command, _ []string) error {
	named, _ := cmd.Flags().GetString("config")
	file, err := configured.File(named)
	if err != nil {
		return err
	}
	if file == "" {
		return errors.New("there is no Caddyfile in this folder; name a file with --config, or begin with one:\n\n" +
			":8080 {\n\tapi orders {\n\t\treverse_proxy localhost:9001\n\t}\n}\n\nand a contract at api/orders/openapi.yaml")
	}
	address, _ := cmd.Flags().GetString("console")
	if address != "" {
		if err := console.Check(address); err != nil {
			return fmt.Errorf("--console: %w", err)
		}
	}
	out := cmd.OutOrStdout()
	s := &session{file: file, console: address, colour: terminal.Coloured(out), print: &printer{out: out}}
	loads.Process().Develop()
	// What Caddy logs before a configuration says how would be JSON in between.
	_, original, buffer := caddy.BufferedLog()
	defer func() {
		buffer.FlushTo(zap.NewNop())
		caddy.UnbufferDefaultLogger(original)
	}()
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	s.run(ctx)
	return nil
}
