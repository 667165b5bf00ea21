package exchange

import (
	"io"
	"net/http"
	"slices"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// maxOwned bounds the header fields that the gateway sets on one response. The record
// has room for usualOwned of them; more cost an allocation.
const (
	maxOwned   = 16
	usualOwned = 5
)

// ownedField is one of them. A single value, which nearly all have, is kept in place,
// so that the slice that ends up in the header belongs to this request: Caddy's
// header directive replaces text within the slices that it finds.
type ownedField struct {
	key  string
	one  [1]string
	many *[]string // if it has not one value, and is not removed
	kind ownedKind
	step uint8 // which step said so last
}

// ownedKind is how many values an owned field has.
type ownedKind uint8

const (
	ownedNone ownedKind = iota // the field is removed
	ownedOne
	ownedMany
)

func (f *ownedField) set(values []string) {
	switch len(values) {
	case 0:
		f.kind = ownedNone
	case 1:
		f.kind, f.one[0] = ownedOne, values[0]
	default:
		several := values
		f.kind, f.many = ownedMany, &several
	}
}

// values returns them, safe to be put into a header.
func (f *ownedField) values() []string {
	switch f.kind {
	case ownedOne:
		return f.one[:1:1]
	case ownedMany:
		return slices.Clone(*f.many)
	}
	return nil
}

// OwnHeader makes the gateway the owner of a response field: whatever the upstream says
// under that name is replaced when the response begins. It works for refusals too.
// key is canonical. Nil values remove the field.
func (x *Exchange) OwnHeader(key string, values []string) {
	if f := x.own(key); f != nil {
		f.set(values)
	}
}

// own returns the room for a field that the current step sets, or nil if there is none
// left.
func (x *Exchange) own(key string) *ownedField {
	for i := range x.owned {
		if x.owned[i].key == key {
			x.owned[i].step = uint8(len(x.decisions))
			return &x.owned[i]
		}
	}
	if x.owned == nil {
		x.owned = x.usual[:0]
	}
	if len(x.owned) == maxOwned {
		return nil
	}
	x.owned = append(x.owned, ownedField{key: key, step: uint8(len(x.decisions))})
	return &x.owned[len(x.owned)-1]
}

// OwnField is OwnHeader for a field with one value, which costs no allocation.
func (x *Exchange) OwnField(key, value string) {
	if f := x.own(key); f != nil {
		f.kind, f.one[0] = ownedOne, value
	}
}

// Owned returns the value of a response field that the gateway owns, "" if it does not or
// if there are several.
func (x *Exchange) Owned(key string) string {
	for i := range x.owned {
		if f := &x.owned[i]; f.key == key && f.kind == ownedOne {
			return f.one[0]
		}
	}
	return ""
}

// Vary adds a request field to the response's Vary, whoever writes the response
// (RFC 9110 §12.5.5).
func (x *Exchange) Vary(field string) {
	if x.vary == nil {
		x.vary = x.varyRoom[:0]
	}
	if len(x.vary) < maxOwned && !slices.Contains(x.vary, field) {
		x.vary = append(x.vary, field)
	}
}

// apply writes the gateway's own fields over those of whoever answers.
func (x *Exchange) apply(header http.Header) {
	for i := range x.owned {
		field := &x.owned[i]
		values := field.values()
		if x.Watcher != nil {
			x.Watcher.Owned(int(field.step), field.key, header[field.key], values)
		}
		if values == nil {
			delete(header, field.key)
		} else {
			header[field.key] = values
		}
	}
	if len(x.vary) == 0 {
		return
	}
	vary := slices.Grow(header["Vary"], len(x.vary)) // at once
	for _, field := range x.vary {
		if !varies(vary, field) {
			vary = append(vary, field)
		}
	}
	header["Vary"] = vary
}

// response watches what is written to the client. Unwrap keeps flushing, hijacking
// and full duplex working through http.ResponseController.
type response struct {
	caddyhttp.ResponseWriterWrapper
	x *Exchange
}

// WriteHeader implements http.ResponseWriter. Interim responses pass untouched;
// 101 is final (RFC 9110 §15.2).
func (w *response) WriteHeader(status int) {
	if w.x.Status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.x.Status = status
		if way, ok := w.x.Way.(Returning); ok && w.x.Sent != nil {
			way.Return(w.x.Sent, w.Header())
		}
		w.x.begin(w.Header())
		w.x.watchHeader(w.Header())
		w.x.become(streamOf(status, w.Header()))
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (w *response) Write(p []byte) (int, error) {
	w.begin()
	n, err := w.ResponseWriter.Write(p)
	w.x.Bytes += int64(n)
	if w.x.Watcher != nil {
		w.x.Watcher.Wrote(p[:n])
	}
	return n, err
}

// ReadFrom implements io.ReaderFrom, so that sendfile and splice still work.
func (w *response) ReadFrom(r io.Reader) (int64, error) {
	w.begin()
	n, err := w.readWatched(r)
	if err == nil {
		var more int64
		more, err = w.ResponseWriterWrapper.ReadFrom(r)
		n += more
	}
	w.x.Bytes += n
	return n, err
}

func (w *response) begin() {
	if w.x.Status == 0 {
		w.WriteHeader(http.StatusOK)
	}
}

var (
	_ http.ResponseWriter = (*response)(nil)
	_ io.ReaderFrom       = (*response)(nil)
)
