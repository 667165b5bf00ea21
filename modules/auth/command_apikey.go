package auth

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func keyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key <id> [--scopes <list>]",
		Short: "Makes an API key",
		Long: `
Prints a new API key, and on standard error its entry for the file that api_key names.
The file has the key's hash only: the key itself cannot be shown again. To replace a
key, add the hash of the new one to the entry, and take the old one out when it is no
longer used; "issued" is that of the older one until then.

	$ gateway token key billing --scopes "orders:read"
`,
		Args: cobra.ExactArgs(1),
		RunE: runKey,
	}
	cmd.Flags().String("scopes", "", "Scopes, with spaces or commas between them")
	return cmd
}

func runKey(cmd *cobra.Command, args []string) error {
	scopes, err := scopesFlag(cmd)
	if err != nil {
		return err
	}
	if args[0] == "" {
		return fmt.Errorf("the id is empty; write who will call with the key")
	}
	// 52 characters of 5 bits each; the prefix lets scanners find keys that were lost.
	key := "gwk_" + strings.ToLower(rand.Text()+rand.Text())
	entry := map[string]any{
		"id": args[0], "keys": []string{hashAPIKey(key)},
		// Without it the entry would be older than any deny list that says before.
		"issued": time.Now().UTC().Format(time.RFC3339),
	}
	if len(scopes) > 0 {
		entry["scopes"] = scopes
	}
	text, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s\n", text)
	_, err = fmt.Fprintln(cmd.OutOrStdout(), key)
	return err
}

// scopesFlag reads the flag scopes.
func scopesFlag(cmd *cobra.Command) ([]string, error) {
	text, _ := cmd.Flags().GetString("scopes")
	scopes := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' })
	for _, scope := range scopes {
		if err := checkScope(scope); err != nil {
			return nil, fmt.Errorf("%q is not a scope: %w", scope, err)
		}
	}
	return scopes, nil
}
