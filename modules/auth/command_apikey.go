package auth

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func keyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key <id> [--scopes <list>] [--ttl <duration>] [--store|--remove <hash>] [--config <path>]",
		Short: "Makes an API key",
		Long: `
Prints a new API key, and on standard error its entry for the file that api_key names.
The file has the key's hash only: the key itself cannot be shown again. To replace a
key, add the hash of the new one to the entry, and take the old one out when it is no
longer used; "issued" is that of the older one until then.

	$ gateway token key billing --scopes "orders:read"

With --store the entry is put into the Redis of the configuration, where api_key redis
finds it. A holder has two keys there at most; --remove takes one out, which is refused
from then on:

	$ gateway token key billing --scopes "orders:read" --store
	$ gateway token key billing --remove sha256:51ab...
`,
		Args: cobra.ExactArgs(1),
		RunE: runKey,
	}
	flags := cmd.Flags()
	flags.StringP("config", "c", "", "Configuration file with the Redis (default: Caddyfile)")
	flags.String("scopes", "", "Scopes, with spaces or commas between them")
	flags.Duration("ttl", 0, "Time until the key expires (default: it does not)")
	flags.Bool("store", false, "Put the entry into the Redis of the configuration")
	flags.String("remove", "", "Take the key with this hash out of the Redis of the configuration")
	cmd.MarkFlagsMutuallyExclusive("store", "remove")
	return cmd
}

func runKey(cmd *cobra.Command, args []string) error {
	if args[0] == "" {
		return fmt.Errorf("the id is empty; write who will call with the key")
	}
	var store *sharedKeys
	stored, _ := cmd.Flags().GetBool("store")
	hash, _ := cmd.Flags().GetString("remove")
	if stored || hash != "" {
		var err error
		if store, err = configuredKeys(cmd); err != nil {
			return err
		}
	}
	if hash != "" {
		return store.remove(args[0], hash)
	}
	entry, key, err := newKeyEntry(cmd, args[0])
	if err != nil {
		return err
	}
	if store != nil {
		if err := store.keep(entry); err != nil {
			return err
		}
	}
	text, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s\n", text)
	_, err = fmt.Fprintln(cmd.OutOrStdout(), key)
	return err
}

// newKeyEntry makes a key and its entry.
func newKeyEntry(cmd *cobra.Command, id string) (*apiKeyEntry, string, error) {
	scopes, err := scopesFlag(cmd)
	if err != nil {
		return nil, "", err
	}
	// 52 characters of 5 bits each; the prefix lets scanners find keys that were lost.
	key := "gwk_" + strings.ToLower(rand.Text()+rand.Text())
	// Without "issued" the entry would be older than any deny list that says before.
	now := time.Now().UTC().Truncate(time.Second)
	entry := &apiKeyEntry{ID: id, Keys: []string{hashAPIKey(key)}, Scopes: scopes, Issued: now}
	ttl, _ := cmd.Flags().GetDuration("ttl")
	if ttl < 0 || ttl > 0 && ttl < time.Second {
		return nil, "", fmt.Errorf("a key that lives for %v is of no use", ttl)
	}
	if ttl > 0 {
		entry.Expires = now.Add(ttl)
	}
	return entry, key, nil
}

// configuredKeys returns the keys in the Redis of the configuration.
func configuredKeys(cmd *cobra.Command) (*sharedKeys, error) {
	config, err := configFlag(cmd)
	if err != nil {
		return nil, err
	}
	if config == "" {
		return nil, errors.New("there is no Caddyfile in this folder; name a file with --config")
	}
	l, err := loadConfig(config)
	if err != nil {
		return nil, err
	}
	store, err := sharedKeysOf(l.handlers)
	if err != nil {
		return nil, err
	}
	return store, store.awaitUp(cmd.Context())
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
