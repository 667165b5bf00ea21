package console

import (
	"net/http"
	"os"
	"time"

	"gateway/internal/finding"
	"gateway/internal/loads"
	"gateway/internal/recording"
)

// Sources are what the console asks the rest of the gateway for, each in the form of its
// JSON. None may be nil.
type Sources struct {
	// Contracts tells what became of the contracts, in the form of the admin endpoint.
	Contracts func() any
	// Routes lists the operations and the directives beside them, Config the configuration
	// with what was inferred, and Health what the gateway depends on.
	Routes, Config, Health func() any
	// Limits tells the rate limits: policies, decisions, and who has the least left.
	Limits func() any
	// Versions tells who uses which version, and how long each lives.
	Versions func() any
	// Addresses lists the URLs of the sites.
	Addresses func() []string
}

// process is what is known of this process.
var process = struct {
	started time.Time
	token   string
}{time.Now(), newToken()}

// processReport is what the page says about the process.
type processReport struct {
	Started    recording.Moment  `json:"started"`
	Version    string            `json:"version"`
	Generation int               `json:"generation"`
	LoadedAt   *recording.Moment `json:"loaded_at"`
	Dev        bool              `json:"dev"`
	PID        int               `json:"pid"`
	// Addresses are the URLs of the sites, as far as they have one.
	Addresses []string `json:"addresses"`
}

// loadError is why the newest configuration is not the live one.
type loadError struct {
	At       recording.Moment `json:"at"`
	Text     string           `json:"text"`
	Findings []finding.Report `json:"findings"`
}

func (c *Console) serveState(w http.ResponseWriter, _ *http.Request) {
	state := loads.Process().Now()
	report := processReport{
		Started: recording.Moment(process.started), Version: version(), Generation: state.Generation, Dev: state.Dev,
		PID: os.Getpid(), Addresses: c.sources.Addresses(),
	}
	if !state.LoadedAt.IsZero() {
		report.LoadedAt = (*recording.Moment)(&state.LoadedAt)
	}
	var failure *loadError
	if f := state.Failure; f != nil {
		failure = &loadError{At: recording.Moment(f.At), Text: f.Findings.Error(), Findings: f.Findings.Reports()}
	}
	answer(w, http.StatusOK, map[string]any{
		"process": report, "load_error": failure, "contracts": c.sources.Contracts(),
		"recording": c.recording.State(), "token": process.token,
	})
}

// describe adds the routes that describe the gateway itself.
func (c *Console) describe(mux *http.ServeMux) {
	for path, source := range map[string]func() any{
		"GET /api/routes": c.sources.Routes, "GET /api/config": c.sources.Config, "GET /api/health": c.sources.Health,
		"GET /api/limits":   c.sources.Limits,
		"GET /api/versions": c.sources.Versions,
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, source()) })
	}
}

// Announce tells all who listen that the state has changed.
func (c *Console) Announce() { c.recording.Announce() }

// announceLoads does so for every load, until the console stops.
func (c *Console) announceLoads() {
	changed := loads.Process().Now().Changed
	for {
		select {
		case <-c.stopping:
			return
		case <-changed:
			changed = loads.Process().Now().Changed
			c.Announce()
		}
	}
}
