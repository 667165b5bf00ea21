package versioning

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"gateway/internal/configured"
	"gateway/internal/finding"
	"gateway/internal/openapi"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "versions",
		Usage: "[--check [--at <date>]] [--config <path>] [--address <admin>] [--format text|json]",
		Short: "Tells who still uses which version, and which versions need a decision",
		Long: `
Asks the running gateway who uses which version of its APIs: requests, the time of the
last one, and the consumers with the most. With --check it looks at the configuration
only, and needs no gateway:

	$ gateway versions
	$ gateway versions --check
	$ gateway versions --check --at 2027-07-01

The exit code of --check is 1 if a version is past its sunset and still configured, or is
to end without a successor.
`,
		CobraFunc: func(cmd *cobra.Command) {
			flags := cmd.Flags()
			flags.StringP("config", "c", "", "Configuration file (default: Caddyfile)")
			flags.String("address", "", "Address of the admin endpoint (default: as the configuration says)")
			flags.Bool("check", false, "Judge the configuration instead")
			flags.String("at", "", "Judge it as of this date (default: now)")
			flags.String("format", "text", "Output: text or json")
			cmd.Args = cobra.NoArgs
			cmd.RunE = runVersions
		},
	})
}

// errDecide ends the command with exit code 1, its findings being printed already.
var errDecide = errors.New("some versions need a decision")

func runVersions(cmd *cobra.Command, _ []string) error {
	flags := cmd.Flags()
	format, _ := flags.GetString("format")
	named, _ := flags.GetString("config")
	at, _ := flags.GetString("at")
	checking, _ := flags.GetBool("check")
	if format != "text" && format != "json" {
		return fmt.Errorf("--format is text or json, not %q", format)
	}
	config, err := configured.File(named)
	if err != nil {
		return err
	}
	if !checking {
		if at != "" {
			return errors.New("--at belongs to --check")
		}
		address, _ := flags.GetString("address")
		return showUsage(cmd.OutOrStdout(), config, address, format)
	}
	now := time.Now()
	if at != "" {
		var ok bool
		if now, ok = parseDate(at); !ok {
			return fmt.Errorf("--at is a date such as 2027-07-01, not %q", at)
		}
	}
	if config == "" {
		return errors.New("there is no Caddyfile in this folder; name a file with --config")
	}
	err = runCheck(cmd.OutOrStdout(), config, format, now)
	list, isList := errors.AsType[finding.List](err)
	one, isOne := errors.AsType[*finding.Error](err)
	if isList {
		fmt.Fprintln(cmd.ErrOrStderr(), list.Render(false))
	} else if isOne {
		fmt.Fprintln(cmd.ErrOrStderr(), one.Render(false))
	}
	cmd.SilenceErrors = isList || isOne || errors.Is(err, errDecide)
	return err
}

// showUsage asks a running gateway.
func showUsage(out io.Writer, config, address, format string) error {
	var loaded []byte
	var err error
	if config != "" && address == "" {
		if loaded, err = configured.JSON(config); err != nil {
			return err
		}
	}
	admin, err := caddycmd.DetermineAdminAPIAddress(address, loaded, config, "")
	if err != nil {
		return err
	}
	response, err := caddycmd.AdminAPIRequest(admin, http.MethodGet, adminPath, nil, nil)
	if err != nil {
		return fmt.Errorf("no gateway answers at %s (%w); --check needs none", admin, err)
	}
	defer response.Body.Close()
	var r reports
	if err := json.NewDecoder(io.LimitReader(response.Body, 64<<20)).Decode(&r); err != nil {
		return err
	}
	if format == "json" {
		return printJSON(out, r)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "API\tVERSION\tSTATE\tSUNSET\tSUCCESSOR\tREQUESTS\tREFUSED\tLAST SEEN\tCONSUMERS")
	for _, api := range r.APIs {
		for _, v := range api.Versions {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\n", api.API, v.Version, v.State, dash(shortDate(v.Sunset)), dash(v.Successor), v.Requests, v.Refused, dash(shortTime(v.Last)), consumers(&v))
		}
	}
	return table.Flush()
}

// consumers names the first few with their counts. Names are the issuer's words, so what
// a terminal might obey is taken out.
func consumers(v *versionReport) string {
	var list []string
	for _, c := range v.Consumers[:min(len(v.Consumers), 3)] {
		list = append(list, fmt.Sprintf("%.40q %d", c.Consumer, c.Requests))
	}
	if v.Anonymous > 0 {
		list = append(list, fmt.Sprintf("nobody known %d", v.Anonymous))
	}
	return dash(strings.Join(list, ", "))
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func shortDate(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.DateOnly)
}

func shortTime(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format("2006-01-02 15:04Z")
}

func printJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// decision is what somebody has to decide about one API.
type decision struct {
	API     string `json:"api"`
	Message string `json:"message"`
}

// runCheck judges a configuration.
func runCheck(out io.Writer, config, format string, now time.Time) error {
	plans, err := configuredPlans(config)
	if err != nil {
		return err
	}
	list := []decision{}
	for _, p := range plans {
		for _, sentence := range p.plan.check(now) {
			list = append(list, decision{p.name, sentence})
		}
	}
	if format == "json" {
		err = printJSON(out, map[string]any{"decisions": list})
	} else {
		for _, d := range list {
			fmt.Fprintf(out, "%s: %s\n", d.API, d.Message)
		}
		if len(list) == 0 {
			fmt.Fprintln(out, "No version needs a decision.")
		}
	}
	if err == nil && len(list) > 0 {
		return errDecide
	}
	return err
}

type namedPlan struct {
	name string
	plan *plan
}

// configuredPlans makes the plans of all versioning in a configuration.
func configuredPlans(config string) ([]namedPlan, error) {
	apis, err := configured.Read(config)
	if err != nil {
		return nil, err
	}
	var list []namedPlan
	for i := range apis {
		h, err := planned(&apis[i])
		if err != nil {
			return nil, err
		}
		if h != nil {
			list = append(list, namedPlan{apis[i].Name, h.plan})
		}
	}
	byHand, err := configured.Handlers(config, "versioning")
	if err != nil {
		return nil, err
	}
	for _, raw := range byHand {
		h := new(Handler)
		if err := json.Unmarshal(raw, h); err != nil {
			return nil, err
		}
		if err := h.compile(nil, true); err != nil {
			return nil, err
		}
		list = append(list, namedPlan{h.Source, h.plan})
	}
	return list, nil
}

// planned makes the versioning of an api block, nil for one without versions.
func planned(a *configured.API) (*Handler, error) {
	if a.Remote() {
		return nil, nil // one contract, and no version
	}
	found, err := a.Contracts()
	if err != nil {
		return nil, err
	}
	var contracts []Contract
	for _, f := range found {
		if f.Version == "" {
			return nil, nil
		}
		contract, err := openapi.Load(f.File)
		if err != nil {
			return nil, err
		}
		c, err := ReadContract(f.Version, contract)
		if err != nil {
			return nil, err
		}
		contracts = append(contracts, c)
	}
	h := &Handler{Source: a.Source}
	if len(a.Versioning) > 0 && string(a.Versioning) != "null" {
		if err := json.Unmarshal(a.Versioning, h); err != nil {
			return nil, err
		}
	}
	return h.WithContracts(contracts)
}
