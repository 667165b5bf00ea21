package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "token",
		Usage: "new|inspect|key",
		Short: "Makes tokens for development and API keys, and tells why a token is not accepted",
		CobraFunc: func(cmd *cobra.Command) {
			cmd.Args = cobra.NoArgs
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
			cmd.AddCommand(newCommand(), inspectCommand(), keyCommand())
		},
	})
}

func newCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "new [--persona <name>] [--scopes <list>] [--audience <audience>] [--ttl <duration>] [--alg <algorithm>]",
		Short: "Makes a token for development",
		Long: `
Prints a token that is signed with a key of the folder .gateway, which is made at first
use. A gateway accepts it where its Caddyfile names the public keys of the folder:

	auth ` + devIssuerName + ` {
		key .gateway/` + devKeySet + `
		audience orders
	}

Issuer, audience and type are taken from there. What a persona is beyond a subject can
be written in .gateway/` + devPersonas + `: {"alice": {"roles": ["admin"]}}.

	$ curl -H "Authorization: Bearer $(gateway token new --scopes orders:read)" localhost:8080
	$ gateway token new --persona alice --ttl -5m | gateway token inspect -
`,
		Args: cobra.NoArgs,
		RunE: runNew,
	}
	flags := cmd.Flags()
	flags.StringP("config", "c", "", "Configuration file that accepts the token (default: Caddyfile, if there is one)")
	flags.String("dir", ".gateway", "Folder of the keys")
	flags.String("persona", "developer", "Who is calling")
	flags.String("scopes", "", "Scopes, with spaces or commas between them")
	flags.String("issuer", "", "Issuer (default: as the configuration says)")
	flags.String("audience", "", "Audience (default: as the configuration says)")
	flags.String("type", "", "Type (default: as the configuration says, or at+jwt)")
	flags.Duration("ttl", time.Hour, "Time until the token expires; negative for one that has")
	flags.String("alg", "ES256", "Algorithm")
	flags.StringArray("claim", nil, "A further claim, name=value; the value is JSON, or else text")
	return cmd
}

func runNew(cmd *cobra.Command, _ []string) error {
	flags := cmd.Flags()
	folder, _ := flags.GetString("dir")
	issuer := devIssuer{folder}
	want, accepted, err := wantedToken(cmd, issuer)
	if err != nil {
		return err
	}
	name, _ := flags.GetString("alg")
	alg := parseAlgorithm(name)
	if alg == unknownAlgorithm {
		return fmt.Errorf("%q is not an algorithm; use one of %s", name, list(publicAlgorithms.names()))
	}
	token, made, err := issuer.mint(want, alg, time.Now())
	if err != nil {
		return err
	}
	if made {
		fmt.Fprintf(cmd.ErrOrStderr(), "Made a key for development in %s. Whoever has that folder can sign such tokens.\n", folder)
	}
	if !accepted {
		fmt.Fprintf(cmd.ErrOrStderr(), "No Caddyfile here accepts it yet. One that does, for development only, says:\n\n\tauth %s {\n\t\tkey %s\n\t\taudience %s\n\t}\n\n",
			want.issuer, issuer.file(devKeySet), want.audience)
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), token)
	return err
}

// wantedToken reads what the token is to say, and tells whether a configuration
// accepts tokens of this issuer.
func wantedToken(cmd *cobra.Command, issuer devIssuer) (want devToken, accepted bool, err error) {
	flags := cmd.Flags()
	want.persona, _ = flags.GetString("persona")
	want.lifetime, _ = flags.GetDuration("ttl")
	if want.scopes, err = scopesFlag(cmd); err != nil {
		return want, false, err
	}
	more, _ := flags.GetStringArray("claim")
	if want.claims, err = claimFlags(more); err != nil {
		return want, false, err
	}
	want.issuer, want.audience, want.typ = devIssuerName, "development", "at+jwt"
	config, err := configFlag(cmd)
	if err != nil {
		return want, false, err
	}
	if config != "" {
		adapted, err := adapt(config)
		if err != nil && flags.Changed("config") {
			return want, false, err
		}
		accepted = want.asConfigured(adapted, issuer.file(devKeySet))
	}
	for name, to := range map[string]*string{"issuer": &want.issuer, "audience": &want.audience, "type": &want.typ} {
		if value, _ := flags.GetString(name); value != "" {
			*to = value
		}
	}
	return want, accepted, nil
}

// asConfigured takes issuer, audience and type from the first issuer of a
// configuration whose keys are in a file, and tells whether there is one.
func (want *devToken) asConfigured(config []byte, file string) (found bool) {
	var tree any
	if json.Unmarshal(config, &tree) != nil {
		return false
	}
	file, _ = filepath.Abs(file)
	walk(tree, func(object map[string]any) {
		key, _ := object["key"].(string)
		audience, _ := object["audience"].([]any)
		if key, _ = filepath.Abs(key); found || key != file || len(audience) == 0 {
			return
		}
		found = true
		for member, to := range map[string]*string{"issuer": &want.issuer, "type": &want.typ} {
			if value, ok := object[member].(string); ok && value != anyValue {
				*to = value
			}
		}
		if first, ok := audience[0].(string); ok && first != anyValue {
			want.audience = first
		}
	})
	return found
}

func claimFlags(list []string) (map[string]any, error) {
	claims := make(map[string]any)
	for _, claim := range list {
		name, text, ok := strings.Cut(claim, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--claim is name=value, not %q", claim)
		}
		var value any
		if json.Unmarshal([]byte(text), &value) != nil {
			value = text
		}
		claims[name] = value
	}
	return claims, nil
}

// configFlag returns the configuration to use: the one that is named, or the
// Caddyfile in this folder, or none.
func configFlag(cmd *cobra.Command) (string, error) {
	if config, _ := cmd.Flags().GetString("config"); config != "" {
		return config, nil
	}
	if _, err := os.Stat("Caddyfile"); errors.Is(err, os.ErrNotExist) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	return "Caddyfile", nil
}

func inspectCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   `inspect <token>|- [--for "<method> <path>"] [--config <path>] [--format text|json]`,
		Short: "Tells check by check whether a token is accepted",
		Long: `
Takes a token apart and judges it as the gateway would with this configuration, and
says of each check what it found. Keys are fetched from the issuer if need be; nothing
is sent to a service. With --for the request is routed first, so that the scopes that
its operation demands count, too.

	$ gateway token inspect "$TOKEN" --for "POST /v1/orders"
	$ pbpaste | gateway token inspect -

The exit code is 0 if the token is accepted, 3 if it is not, and 1 if that could not be
found out. A token on the command line can be seen by other users of the host; - reads
it from standard input.
`,
		Args: cobra.ExactArgs(1),
		RunE: runInspect,
	}
	flags := cmd.Flags()
	flags.StringP("config", "c", "", "Configuration file (default: Caddyfile)")
	flags.String("for", "", "Request that the token is to be used for: method and path or address")
	flags.String("format", "text", "Output: text or json")
	return cmd
}

// notAccepted is the exit code for a token that is not accepted.
const notAccepted = 3

func runInspect(cmd *cobra.Command, args []string) error {
	format, _ := cmd.Flags().GetString("format")
	if format != "text" && format != "json" {
		return fmt.Errorf("--format is text or json, not %q", format)
	}
	token, err := readToken(cmd, args[0])
	if err != nil {
		return err
	}
	config, err := configFlag(cmd)
	if err != nil {
		return err
	}
	if config == "" {
		return errors.New("there is no Caddyfile in this folder; name a file with --config")
	}
	r, err := inspectWith(cmd, config, token)
	if err != nil {
		if found := findingsOf(err); len(found) > 0 {
			cmd.SilenceErrors = true
			fmt.Fprintln(cmd.ErrOrStderr(), found.Render(coloured(cmd.ErrOrStderr())))
		}
		return err
	}
	if err := r.print(cmd.OutOrStdout(), format, coloured(cmd.OutOrStdout())); err != nil || r.Accepted {
		return err
	}
	// Caddy has no other way to end with an exit code of one's own.
	cmd.SilenceErrors = true
	return caddycmd.WrapCommandFuncForCobra(func(caddycmd.Flags) (int, error) { return notAccepted, nil })(cmd, nil)
}

// readToken takes the token from the command line, or from standard input.
func readToken(cmd *cobra.Command, argument string) (string, error) {
	if argument == "-" {
		data, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), 1<<20))
		if err != nil {
			return "", err
		}
		argument = string(data)
	}
	token := strings.TrimSpace(argument)
	if scheme, rest, ok := strings.Cut(token, " "); ok && strings.EqualFold(scheme, "bearer") {
		token = strings.TrimSpace(rest)
	}
	if token == "" {
		return "", errors.New("there is no token")
	}
	return token, nil
}

// inspectWith judges a token with a configuration.
func inspectWith(cmd *cobra.Command, config, token string) (*report, error) {
	l, err := loadConfig(config)
	if err != nil {
		return nil, err
	}
	if len(l.handlers) == 0 {
		return nil, errors.New(config + " has no auth that looks at tokens")
	}
	awaitKeys(cmd.Context(), l.handlers)
	now := time.Now()
	target, _ := cmd.Flags().GetString("for")
	var found *judgement
	if target == "" {
		found = l.judgeAlone(token)
	} else {
		method, address, ok := strings.Cut(strings.TrimSpace(target), " ")
		if !ok {
			method, address = "GET", method
		}
		if found, err = l.ask(strings.ToUpper(method), strings.TrimSpace(address), token); err != nil {
			return nil, err
		}
	}
	in := inspection{now: now, checks: found.handler.inspect(cmd.Context(), token, found.demand, now)}
	in.conclude(found.refusal)
	r := newReport(found, target, token, in.checks)
	r.Others = len(l.handlers) - 1
	return r, nil
}
