package tail

import (
	"bufio"
	"bytes"
	"io"
)

// event is one server-sent event.
type event struct {
	name string
	data []byte
}

// maxEvent bounds one line of the stream, in bytes. A row of the console is far below.
const maxEvent = 1 << 20

// readEvents calls handle for each event until the stream ends or handle fails. Of the
// format (HTML, "Server-sent events") it reads what a console writes: data on one or
// more lines, a name, comments. Numbers are in the data.
func readEvents(stream io.Reader, handle func(event) error) error {
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, maxEvent)
	var e event
	for lines.Scan() {
		line := bytes.TrimSuffix(lines.Bytes(), []byte("\r"))
		if len(line) == 0 {
			if e.data != nil {
				if err := handle(e); err != nil {
					return err
				}
			}
			e = event{}
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "event":
			e.name = string(value)
		case "data":
			if e.data != nil {
				e.data = append(e.data, '\n')
			}
			if len(e.data)+len(value) > maxEvent {
				return bufio.ErrTooLong
			}
			e.data = append(e.data, value...)
		}
	}
	return lines.Err()
}
