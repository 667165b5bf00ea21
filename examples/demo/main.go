// Command demo starts the gateway with everything around it: a token issuer, the
// orders service, and the curl lines to try them with.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"gateway/examples/services/issuer"
	"gateway/examples/services/orders"
)

func main() {
	// SIGHUP is what is left of a terminal that was closed.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	err := root().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func root() *cobra.Command {
	var s settings
	var check bool
	cmd := &cobra.Command{
		Use:           "demo",
		Short:         "Start the gateway in front of a sample service, with an issuer",
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), s, check, cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&s.gateway, "gateway", "bin/gateway", "the gateway's binary")
	flags.StringVar(&s.config, "config", "Caddyfile.example", "the Caddyfile it runs")
	flags.StringVar(&s.log, "log", ".cache/demo.log", "where the gateway's log goes")
	flags.IntVar(&s.port, "port", 8080, "the port of the API")
	flags.IntVar(&s.metricsPort, "metrics-port", 9464, "the port of the metrics")
	flags.IntVar(&s.consolePort, "console-port", 2021, "the port of the console")
	flags.IntVar(&s.adminPort, "admin-port", 2019, "the port of Caddy's admin endpoint")
	flags.IntVar(&s.ordersPort, "orders-port", 9001, "the port of the orders service")
	flags.IntVar(&s.issuerPort, "issuer-port", 9002, "the port of the issuer")
	flags.BoolVar(&check, "check", false, "run the curl lines instead of printing them, and say whether all went well")
	cmd.AddCommand(ordersCommand(), issuerCommand(), tokenCommand())
	return cmd
}

func ordersCommand() *cobra.Command {
	var address, mode string
	cmd := &cobra.Command{
		Use:   "orders",
		Short: "Start the orders service alone",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			parsed, err := orders.ParseMode(mode)
			if err != nil {
				return err
			}
			return serveAlone(cmd.Context(), address, orders.New(orders.Options{Mode: parsed}))
		},
	}
	cmd.Flags().StringVar(&address, "listen", "localhost:9001", "where to listen")
	cmd.Flags().StringVar(&mode, "mode", "", "how to misbehave: slow, flaky or lie")
	return cmd
}

func issuerCommand() *cobra.Command {
	var address, url string
	cmd := &cobra.Command{
		Use:   "issuer",
		Short: "Start the token issuer alone (for local use only)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if url == "" {
				url = "http://" + address
			}
			i, err := issuer.New(url, nil)
			if err != nil {
				return err
			}
			return serveAlone(cmd.Context(), address, i)
		},
	}
	cmd.Flags().StringVar(&address, "listen", "localhost:9002", "where to listen")
	cmd.Flags().StringVar(&url, "url", "", `what tokens name as their issuer (default "http://" and the address)`)
	return cmd
}

func tokenCommand() *cobra.Command {
	var url, persona string
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Get a token from a running issuer",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			token, err := fetchToken(cmd.Context(), url, persona)
			if err == nil {
				fmt.Fprintln(cmd.OutOrStdout(), token)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&url, "issuer", "http://localhost:9002", "the issuer")
	cmd.Flags().StringVar(&persona, "persona", "reader", fmt.Sprintf("who to be: one of %v", issuer.Personas()))
	return cmd
}

// localhost is an address that other machines cannot reach.
func localhost(port int) string { return net.JoinHostPort("localhost", fmt.Sprint(port)) }
