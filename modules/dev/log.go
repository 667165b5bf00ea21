package dev

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"

	"gateway/internal/finding"
	"gateway/internal/terminal"
)

// encoderName is the name of the encoder in a configuration.
const encoderName = "gateway_dev"

func init() { caddy.RegisterModule(new(Encoder)) }

// Encoder writes log entries for people: a line, and below it the findings that it is
// about, with the lines around them. It is what gateway dev logs with.
type Encoder struct {
	*zapcore.MapObjectEncoder `json:"-"`

	// Colour sets things off. Default: false.
	Colour bool `json:"colour,omitempty"`
}

// CaddyModule implements caddy.Module.
func (*Encoder) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "caddy.logging.encoders." + encoderName, New: func() caddy.Module { return &Encoder{MapObjectEncoder: zapcore.NewMapObjectEncoder()} }}
}

// Clone implements zapcore.Encoder.
func (e *Encoder) Clone() zapcore.Encoder {
	clone := &Encoder{MapObjectEncoder: zapcore.NewMapObjectEncoder(), Colour: e.Colour}
	maps.Copy(clone.Fields, e.Fields)
	return clone
}

// dull are the beginnings of messages that are said at every load or for every request,
// and tell nothing new to who works on an API.
var dull = []string{"HTTP/2 skipped", "HTTP/3 skipped", "servers shutting down", "Caddyfile input is not formatted", "exiting; byeee",
	"the upstream failed a request", // which is a line of its own
}

// shownFields are the fields that are worth their place, besides the error.
var shownFields = []string{"api", "version", "file", "at", "hint", "upstream", "address", "policy", "issuer", "operations", "status", "err_id"}

var pool = buffer.NewPool()

// EncodeEntry implements zapcore.Encoder.
func (e *Encoder) EncodeEntry(entry zapcore.Entry, fields []zapcore.Field) (*buffer.Buffer, error) {
	out := pool.Get()
	for _, beginning := range dull {
		if strings.HasPrefix(entry.Message, beginning) {
			return out, nil
		}
	}
	all := zapcore.NewMapObjectEncoder()
	maps.Copy(all.Fields, e.Fields)
	for _, f := range fields {
		f.AddTo(all)
	}
	out.AppendString(entry.Time.Local().Format(time.TimeOnly) + " ")
	out.AppendString(terminal.Paint(e.Colour, levelStyle(entry.Level), entry.Level.String()) + " ")
	out.AppendString(terminal.Line(entry.Message))
	for _, name := range shownFields {
		if value, ok := all.Fields[name]; ok && value != "" {
			out.AppendString(terminal.Paint(e.Colour, terminal.Dim, "  "+name+"=") + terminal.Cut(terminal.Line(fmt.Sprint(value)), maxValue))
		}
	}
	e.trouble(out, all.Fields["error"])
	out.AppendByte('\n')
	return out, nil
}

// maxValue is how much of a value is shown, in characters.
const maxValue = 200

// trouble writes the error of an entry: findings below it, anything else beside it.
func (e *Encoder) trouble(out *buffer.Buffer, value any) {
	text, _ := value.(string)
	if text == "" {
		return
	}
	found := finding.Extract(text)
	if len(found) == 0 {
		out.AppendString(": " + terminal.Cut(terminal.Line(text), 2*maxValue))
		return
	}
	for line := range strings.Lines(found.Render(e.Colour)) {
		out.AppendString("\n  " + strings.TrimRight(line, "\n"))
	}
}

func levelStyle(level zapcore.Level) terminal.Style {
	switch {
	case level >= zapcore.ErrorLevel:
		return terminal.Red
	case level == zapcore.WarnLevel:
		return terminal.Yellow
	}
	return terminal.Dim
}

var _ zapcore.Encoder = (*Encoder)(nil)
