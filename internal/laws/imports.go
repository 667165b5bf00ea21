package laws

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// contained are libraries that few files may know, so that a change of library
// touches those alone.
var contained = []struct {
	library string
	folders []string // where it may be imported; a file is one, too
	reason  string
}{
	{
		"github.com/lestrrat-go/jwx",
		[]string{"modules/auth/key.go", "modules/auth/verify.go", "internal/gatewaytest", "examples"},
		"a successor major exists; the harness and the examples mint tokens",
	},
	{
		"github.com/santhosh-tekuri/jsonschema",
		[]string{"modules/validate/schema.go", "modules/validate/schema_nodes.go"},
		"a successor major exists",
	},
	{
		"github.com/getkin/kin-openapi",
		[]string{"internal/openapi/load.go", "internal/openapi/findings.go", "internal/compat/oasdiff.go"},
		"it is for loading only and must not reach the request path",
	},
	{
		"github.com/oasdiff/oasdiff",
		[]string{"internal/compat/oasdiff.go"},
		"its rules and their words are behind one set of our own",
	},
	{
		"github.com/redis/rueidis",
		[]string{"internal/redis"},
		"what the gateways share has one budget, one probe and one prefix",
	},
}

// policies are the modules that decide about requests. They meet in the exchange and
// in placeholders, so that each can be used, read and replaced alone.
var policies = []string{"auth", "ratelimit", "validate", "versioning"}

// Imports is the law of the direction of imports: cmd, then modules, then internal;
// policies do not know each other; some libraries are contained. Tests are free.
func Imports(root string) ([]Breach, error) {
	list, err := goFiles(root)
	if err != nil {
		return nil, err
	}
	var breaches []Breach
	for _, f := range list {
		if f.test() {
			continue
		}
		for _, spec := range f.tree.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return nil, err
			}
			if reason := forbidden(f, imported); reason != "" {
				breaches = append(breaches, f.breach(spec.Pos(), "imports %s: %s", imported, reason))
			}
		}
	}
	return breaches, nil
}

// forbidden returns why a file must not import a package, or "".
func forbidden(f *goFile, imported string) string {
	folder := f.folder()
	for _, rule := range contained {
		if below(imported, rule.library) && !belowAny(f.path, rule.folders) {
			return rule.reason
		}
	}
	switch {
	case below(folder, "internal") && below(imported, "gateway/modules") && folder != "internal/gatewaytest":
		return "internal packages serve the modules and do not know them"
	case below(imported, "gateway/cmd"):
		return "nothing imports a command"
	case policy(folder) && policy(strings.TrimPrefix(imported, "gateway/")) && imported != "gateway/"+folder:
		return "policies do not know each other; they meet in the exchange"
	case policy(folder) && imported == "gateway/modules/api":
		return "a policy works without the api block"
	}
	return ""
}

func policy(folder string) bool {
	parent, name := path.Split(folder)
	for _, p := range policies {
		if parent == "modules/" && name == p {
			return true
		}
	}
	return false
}

// below tells whether a slash-separated path is a folder or lies in it.
func below(name, folder string) bool {
	return name == folder || strings.HasPrefix(name, folder+"/")
}

func belowAny(name string, folders []string) bool {
	for _, folder := range folders {
		if below(name, folder) {
			return true
		}
	}
	return false
}

// adapters are the files of a module that may import Caddy, besides <module>.go.
var adapters = []string{"caddyfile.go", "command.go", "metrics.go"}

// grammar is the prefix of further files with parsers of Caddyfile blocks.
const grammar = "caddyfile_"

// hosted are further files that import Caddy.
var hosted = []Exception{
	{"modules/api/*.go", "the block is made of Caddy's routes: all of it is an adapter"},
	{"modules/telemetry/*.go", "it is made of views for Caddy's registry, spans and logs"},
	{"modules/dev/*.go", "it loads configurations into Caddy, and takes them apart"},
	{"modules/docs/*.go", "it serves pages through Caddy"},
	{"modules/auth/ahead.go", "it stands before Caddy's handlers"},
	{"modules/auth/issuer.go", "its types are configuration, with Caddy's durations"},
	{"modules/auth/compile.go", "it turns configuration into core values, through Caddy's placeholders"},
	{"modules/auth/complaint.go", "it finds the place of a mistake among Caddy's tokens"},
	{"modules/auth/apikeywatch.go", "it shares watched files in Caddy's pool"},
	{"modules/auth/denyfile.go", "it shares watched files in Caddy's pool"},
	{"modules/auth/denypool.go", "it shares the list of a store in Caddy's pool"},
	{"modules/auth/matcher.go", "it is a request matcher of Caddy"},
	{"modules/auth/admin*.go", "they add to Caddy's admin API"},
	{"modules/auth/probe.go", "it provisions a configuration for a command"},
	{"modules/auth/pool.go", "it shares keys in Caddy's pool and keeps them in its storage"},
	{"modules/auth/spill.go", "it corrects what Caddy remembers of a request"},
	{"modules/auth/guard.go", "it wraps the next handler of Caddy"},
	{"modules/auth/watch.go", "it shares watched files in Caddy's pool"},
	{"modules/ratelimit/admin.go", "it adds to Caddy's admin API"},
	{"modules/ratelimit/match.go", "its matchers are Caddy's"},
	{"modules/ratelimit/mode.go", "it chains Caddy's handlers"},
	{"modules/ratelimit/pool.go", "it shares state in Caddy's pool"},
	{"modules/canary/match.go", "its matcher is Caddy's"},
	{"modules/versioning/match.go", "its matcher is Caddy's"},
	{"modules/versioning/behind.go", "it looks at Caddy's routes around it"},
	{"modules/versioning/admin.go", "it adds to Caddy's admin API and shares counts in its pool"},
	{"modules/strict/cli.go", "it rewires Caddy's commands"},
	{"modules/strict/admin.go", "it stands before Caddy's admin API"},
	{"modules/strict/reading.go", "its warnings are those of Caddy's adapters"},
	{"modules/strict/supervise.go", "it loads configurations into Caddy"},
	{"modules/strict/tell.go", "it speaks to Caddy's admin endpoint"},
	{"modules/strict/stock.go", "it runs Caddy's own adapter"},
	{"modules/strict/names.go", "it asks Caddy for the names of directives and modules"},
	{"modules/strict/redact.go", "its warnings are those of Caddy's adapters"},
	{"modules/order/order.go", "it registers the order with Caddy"},
}

// Cores is the law of pure cores: the files of a module that hold its logic do not
// import Caddy, so that they can be read, tested and fuzzed alone.
func Cores(root string) ([]Breach, error) {
	list, err := goFiles(root)
	if err != nil {
		return nil, err
	}
	var breaches []Breach
	for _, f := range list {
		folder, name := path.Split(f.path)
		module := path.Base(folder)
		if f.test() || path.Dir(path.Clean(folder)) != "modules" || name == module+".go" || slices.Contains(adapters, name) || strings.HasPrefix(name, grammar) || excepted(hosted, f.path) {
			continue
		}
		for _, spec := range f.tree.Imports {
			if strings.HasPrefix(spec.Path.Value, `"github.com/caddyserver/caddy`) {
				breaches = append(breaches, f.breach(spec.Pos(), "a core file imports %s; adapters are %s.go, %s", spec.Path.Value, module, strings.Join(adapters, ", ")))
			}
		}
	}
	return breaches, nil
}
