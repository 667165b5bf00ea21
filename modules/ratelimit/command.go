package ratelimit

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "limits",
		Usage: "[top [<policy>] | look|reset <policy> [<key>...]]",
		Short: "Lists the rate limits of a running gateway, looks at a key or resets it",
		Long: `
Lists the rate limit policies of the gateway that runs on this machine, or tells what
one key has left, or gives it its whole quota back. A key is what the policy counts by:
one value for each placeholder, none if the key is global.

	$ gateway limits
	$ gateway limits top
	$ gateway limits look per-minute 192.0.2.1
	$ gateway limits reset tenants acme

A key in the memory of a gateway is looked at in that gateway; with a shared store it is
the one of all gateways.
`,
		CobraFunc: limitsCommand,
	})
}

func limitsCommand(cmd *cobra.Command) {
	cmd.Args = cobra.NoArgs
	cmd.RunE = runLimits
	flags := cmd.PersistentFlags()
	flags.String("address", "", "Address of the admin endpoint (default: as the configuration says, or "+caddy.DefaultAdminListen+")")
	flags.StringP("config", "c", "", "Configuration file that names the admin endpoint")
	flags.Bool("json", false, "Print what the admin endpoint answers")
	cmd.AddCommand(&cobra.Command{
		Use: "top [<policy>]", Short: "Lists the keys that have the least left", Args: cobra.MaximumNArgs(1), RunE: runTop,
	})
	for _, verb := range []struct{ name, path, short string }{
		{"look", lookPath, "Tells what one key has left"},
		{"reset", resetPath, "Gives one key its whole quota back"},
	} {
		sub := &cobra.Command{
			Use: verb.name + " <policy> [<key>...]", Short: verb.short, Args: cobra.MinimumNArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return runSubject(cmd, verb.path, args) },
		}
		sub.Flags().String("by-address", "", "The key of requests that lack it and count by this address")
		sub.Flags().String("tier", "", "The tier whose numbers are meant")
		cmd.AddCommand(sub)
	}
}

func runLimits(cmd *cobra.Command, _ []string) error {
	var answer struct {
		Limits []limitReport `json:"limits"`
	}
	if done, err := askAdmin(cmd, http.MethodGet, limitsPath, nil, &answer); done || err != nil {
		return err
	}
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "POLICY\tLIMIT\tKEY\tSTORE\tMODE\tKEYS\tWHERE")
	for _, r := range answer.Limits {
		limit, keys := r.Quota, strconv.FormatInt(r.Keys, 10)
		if r.Concurrency > 0 {
			limit, keys = fmt.Sprintf("%d at once", r.Concurrency), fmt.Sprintf("%d under way", r.InFlight)
		}
		_, _ = fmt.Fprintln(table, strings.Join([]string{r.Policy, limit, strings.Join(r.Key, " "), r.Store, r.Mode, keys, r.Source}, "\t"))
	}
	return table.Flush()
}

func runTop(cmd *cobra.Command, args []string) error {
	var answer overview
	if done, err := askAdmin(cmd, http.MethodGet, topPath, nil, &answer); done || err != nil {
		return err
	}
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "POLICY\tKEY\tLEFT\tOF\tWHOLE IN\tWHERE")
	for _, p := range answer.Policies {
		if len(args) > 0 && p.Policy != args[0] {
			continue
		}
		for _, k := range p.Nearest {
			key := k.Key
			if !k.Hashed {
				key = strconv.Quote(key) // a client may have chosen it
			}
			_, _ = fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d s\t%s\n", p.Policy, key, k.Remaining, k.Limit, k.Reset, p.Source)
		}
	}
	return table.Flush()
}

func runSubject(cmd *cobra.Command, path string, args []string) error {
	s := subject{Policy: args[0], Key: args[1:]}
	s.Address, _ = cmd.Flags().GetString("by-address")
	s.Tier, _ = cmd.Flags().GetString("tier")
	var answer struct {
		Keys []condition `json:"keys"`
	}
	if done, err := askAdmin(cmd, http.MethodPost, path, s, &answer); done || err != nil {
		return err
	}
	for _, c := range answer.Keys {
		line := fmt.Sprintf("%s: %d of %d left", c.Policy, c.Remaining, c.Limit)
		if c.Reset > 0 {
			line += fmt.Sprintf(", all of it in %d s", c.Reset)
		}
		if c.Leased > 0 {
			line += fmt.Sprintf(", %d taken ahead by this gateway", c.Leased)
		}
		if path == lookPath {
			line += "; top calls it " + c.Alias
		}
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), line); err != nil {
			return err
		}
	}
	return nil
}

// askAdmin asks the admin endpoint of a running gateway. It is done if the answer was
// printed as it is.
func askAdmin(cmd *cobra.Command, method, path string, body, into any) (done bool, err error) {
	address, _ := cmd.Flags().GetString("address")
	config, _ := cmd.Flags().GetString("config")
	if address, err = caddycmd.DetermineAdminAPIAddress(address, nil, config, ""); err != nil {
		return false, err
	}
	header, content := http.Header{}, io.Reader(nil)
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return false, err
		}
		header.Set("Content-Type", "application/json")
		content = bytes.NewReader(data)
	}
	response, err := caddycmd.AdminAPIRequest(cmp.Or(address, caddy.DefaultAdminListen), method, path, header, content)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	if raw, _ := cmd.Flags().GetBool("json"); raw {
		_, err := io.Copy(cmd.OutOrStdout(), response.Body)
		return true, err
	}
	return false, json.NewDecoder(response.Body).Decode(into)
}
