package strict

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"

	"gateway/internal/finding"
)

// standardDirectives and globalOptions are names that Caddy registers without telling
// them. Those that this build does not know are left out when it comes to hints, so a
// name too many does no harm.
var (
	standardDirectives = strings.Fields(`abort acme_server basic_auth bind copy_response copy_response_headers
		encode error file_server forward_auth fs handle handle_errors handle_path header import intercept invoke
		log log_append log_level log_name log_skip map method metrics php_fastcgi push redir request_body
		request_header respond reverse_proxy rewrite root route templates timeouts tls tracing try_files uri vars`)
	globalOptions = strings.Fields(`acme_ca acme_ca_root acme_dns acme_eab admin auto_https cert_issuer
		cert_lifetime debug default_bind default_sni dns ech email events fallback_sni filesystem gateway
		grace_period http_port https_port key_type local_certs log metrics ocsp_interval ocsp_stapling
		on_demand_tls order persist_config pki preferred_chains renew_interval renewal_window_ratio servers
		shutdown_delay skip_install_trust storage storage_check storage_clean_interval telemetry tls_automate_names
		tls_resolvers`)
)

// directives returns the names of all directives of this build.
var directives = sync.OnceValue(func() []string {
	names := slices.Clone(standardDirectives)
	names = append(names, modules("http.handlers")...)
	return known(names, ":80 {\n\t%\n}\n", "unrecognized directive: ")
})

// options returns the names of all global options of this build.
var options = sync.OnceValue(func() []string {
	names := append(slices.Clone(globalOptions), modules("")...)
	return known(names, "{\n\t%\n}\n", "unrecognized global option: ")
})

// known returns those names that Caddy's adapter does not call unrecognized.
func known(names []string, template, unrecognized string) []string {
	adapter := caddyconfig.GetAdapter(stockName)
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool {
		if name == "import" {
			return false
		}
		_, _, err := adapter.Adapt([]byte(strings.ReplaceAll(template, "%", name)), nil)
		return err != nil && strings.Contains(err.Error(), unrecognized+name)
	})
}

// modules returns the last parts of the IDs of the modules in a namespace.
func modules(namespace string) []string {
	var names []string
	for _, module := range caddy.GetModules(namespace) {
		names = append(names, module.ID.Name())
	}
	return names
}

// subdirectives are the options of directives that nearly every file has, for hints.
var subdirectives = map[string][]string{
	"reverse_proxy": strings.Fields(`to dynamic lb_policy lb_retries lb_try_duration lb_try_interval lb_retry_match
		health_uri health_upstream health_port health_interval health_passes health_fails health_timeout health_method
		health_status health_request_body health_body health_follow_redirects health_headers fail_duration max_fails
		unhealthy_status unhealthy_latency unhealthy_request_count flush_interval request_buffers response_buffers
		stream_timeout stream_close_delay verbose_logs rewrite trusted_proxies header_up header_down method
		transport handle_response replace_status`),
	"log": strings.Fields("hostnames output format level sampling core no_hostname include exclude"),
	"tls": strings.Fields(`protocols ciphers curves alpn load ca ca_root key_type dns resolvers propagation_delay
		propagation_timeout client_auth issuer get_certificate on_demand reuse_private_keys`),
}

// rewording puts errors of Caddy that name something unknown into our words. The
// group of the pattern is the name.
type rewording struct {
	pattern *regexp.Regexp
	message string // what is said of the name
	hint    func(name, message, context string) string
}

var (
	unknownDirective = regexp.MustCompile(`^unrecognized directive: (\S+)`)
	contextName      = regexp.MustCompile(`'([^']*)': $`)
)

var rewordings = []rewording{
	{unknownDirective, `"%" is not a directive`, directiveHint},
	{regexp.MustCompile(`^unrecognized global option: (\S+)`), `"%" is not a global option`, optionHint},
	{regexp.MustCompile(`module not registered: http\.matchers\.(\w+)`), `"%" is not a matcher`, matcherHint},
	{regexp.MustCompile(`^unrecognized matcher name: (@\S+)`), "the matcher % is not defined", always("define it in this site: % path /…")},
	{regexp.MustCompile(`module not registered: ((?:\w+\.)*\w+)`), "there is no module %", moduleHint},
	{regexp.MustCompile(`^(?:unrecognized|unknown) (?:subdirective|option):? '?([\w-]+)'?$`), `"%" is not an option here`, subdirectiveHint},
	{
		regexp.MustCompile(`^directive '(\S+)' is not an ordered HTTP handler`), `"%" has no place in the order of directives`,
		always("put it into a route block, or give it a place with the global option order"),
	},
	{
		regexp.MustCompile(`^parsed '(\S+)' as a site address, but it is a known directive`), `"%" is a directive, but stands where a site's address is expected`,
		always(`put it into a site block: an address such as ":8080 {" above, "}" below`),
	},
	{regexp.MustCompile(`^ambiguous site definition: (\S+)`), "the site % is defined twice", always("put both blocks into one")},
}

// explain puts Caddy's words into ours where there is more to say, and adds a hint.
// context is what Caddy has put before the message: the directives around it.
func explain(e *finding.Error, context string) {
	for _, r := range rewordings {
		match := r.pattern.FindStringSubmatch(e.Message)
		if match == nil {
			continue
		}
		e.Hint = r.hint(match[1], e.Message, context)
		e.Message = strings.ReplaceAll(r.message, "%", match[1])
		return
	}
}

func always(hint string) func(string, string, string) string {
	return func(name, _, _ string) string { return strings.ReplaceAll(hint, "%", name) }
}

func didYouMean(near string) string {
	if near == "" {
		return ""
	}
	return "did you mean " + near + "?"
}

func directiveHint(name, message, _ string) string {
	if near := finding.Nearest(name, directives()); near != "" {
		return didYouMean(near)
	}
	if strings.Contains(message, "second site") {
		return "if it is the address of a second site, put braces around the directives of each site"
	}
	return "gateway list-modules shows what this build has"
}

func optionHint(name, _, _ string) string {
	if slices.Contains(directives(), name) {
		return "it is a directive: put it into a site block, after an address such as :8080"
	}
	return didYouMean(finding.Nearest(name, options()))
}

func matcherHint(name, _, _ string) string {
	return finding.Suggest(name, modules("http.matchers")...)
}

func moduleHint(id, _, _ string) string {
	namespace, name := "", id
	if i := strings.LastIndexByte(id, '.'); i >= 0 {
		namespace, name = id[:i], id[i+1:]
	}
	return finding.Suggest(name, modules(namespace)...)
}

func subdirectiveHint(name, _, context string) string {
	directive := contextName.FindStringSubmatch(context)
	if directive == nil {
		return ""
	}
	return didYouMean(finding.Nearest(name, subdirectives[directive[1]]))
}

// misspelt tells whether a finding is about a directive's name.
func misspelt(e *finding.Error) bool { return strings.HasSuffix(e.Message, "is not a directive") }
