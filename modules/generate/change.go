package generate

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"gateway/internal/change"
	"gateway/internal/compat"
	"gateway/internal/finding"
	"gateway/internal/openapi"
)

// draft is a change file that is to be written.
type draft struct {
	older, newer openapi.Found
	sentence     string
	guesses      []guess
}

// newChange writes a change file beside the newest contract of an API, with the steps that
// the difference to the version before suggests. about names what it is to be about,
// "Order" or "Order.qty"; nil is everything that no change file covers.
func newChange(api, place, sentence string, about []string, today time.Time) (file string, open []compat.Change, err error) {
	found, err := openapi.Discover(place)
	if err != nil {
		return "", nil, err
	}
	if len(found) < 2 {
		return "", nil, &finding.Error{
			Message: fmt.Sprintf("%s has one version, so nothing has changed between two", api), At: finding.Position{File: place}, Hint: "gateway new version " + api,
		}
	}
	d := &draft{older: found[len(found)-2], newer: found[len(found)-1], sentence: strings.Join(strings.Fields(sentence), " ")}
	if d.sentence == "" {
		return "", nil, fmt.Errorf("a change needs a sentence for people, such as %q", "The quantity of an item is called quantity.")
	}
	report, _, err := compat.Between(d.older, d.newer)
	if err != nil {
		return "", nil, err
	}
	if len(report.Breaks()) == 0 && len(about) == 0 {
		return "", nil, &finding.Error{
			Message: fmt.Sprintf("nothing in %s breaks clients of %s that is not covered", d.newer.Version, d.older.Version), At: finding.Position{File: d.newer.File},
			Hint: "edit the contract first; gateway diff tells what breaks",
		}
	}
	if err := d.guess(about); err != nil {
		return "", nil, err
	}
	if len(d.guesses) == 0 {
		return "", nil, d.helpless(report)
	}
	return d.write(today)
}

// guess keeps the steps that are wanted, and that go with the change files there are.
func (d *draft) guess(about []string) error {
	older, err := openapi.Load(d.older.File)
	if err != nil {
		return err
	}
	newer, err := openapi.Load(d.newer.File)
	if err != nil {
		return err
	}
	all, err := guesses(older, newer)
	if err != nil {
		return err
	}
	var names []string
	for _, g := range all {
		target, _, _ := strings.Cut(g.about, ".")
		names = append(names, g.about, target)
	}
	for _, name := range about {
		if !slices.Contains(names, name) {
			return fmt.Errorf("nothing is known of a change of %s; %s", name, finding.Suggest(name, names...))
		}
	}
	for _, g := range all {
		target, _, _ := strings.Cut(g.about, ".")
		if len(about) > 0 && !slices.Contains(about, g.about) && !slices.Contains(about, target) {
			continue
		}
		d.guesses = append(d.guesses, g)
		if !d.compiles(older, newer) {
			d.guesses = d.guesses[:len(d.guesses)-1]
		}
	}
	return nil
}

// compiles tells whether the file goes with those that there are.
func (d *draft) compiles(older, newer *openapi.Contract) bool {
	folder, err := os.MkdirTemp("", "change-")
	if err != nil {
		return false
	}
	defer os.RemoveAll(folder)
	entries, _ := os.ReadDir(change.Folder(d.newer.File)) // none is fine
	for _, e := range entries {
		if data, err := os.ReadFile(filepath.Join(change.Folder(d.newer.File), e.Name())); err == nil {
			if os.WriteFile(filepath.Join(folder, e.Name()), data, 0o600) != nil {
				return false
			}
		}
	}
	for i, text := range d.texts() {
		if os.WriteFile(filepath.Join(folder, fmt.Sprintf("~%d.yaml", i)), []byte(text), 0o600) != nil {
			return false
		}
	}
	_, err = change.Compile([]change.Version{{Name: d.older.Version, Contract: older}, {Name: d.newer.Version, Contract: newer, Folder: folder}})
	return err == nil
}

// helpless says that no step can be guessed, and for what.
func (d *draft) helpless(report *compat.Report) error {
	first := "what breaks"
	if breaks := report.Breaks(); len(breaks) > 0 {
		first = breaks[0].Where() + breaks[0].Message
	}
	return &finding.Error{
		Message: "no step can be guessed for: " + first, At: finding.Position{File: d.newer.File},
		Hint: "write " + filepath.Join(change.Folder(d.newer.File), "<name>.yaml") + " by hand: description, schema or operation, steps; docs/decisions/change-files.md lists them",
	}
}

// texts are the files: one for each schema, and for each part of each operation.
func (d *draft) texts() []string {
	var targets []string
	for _, g := range d.guesses {
		if t := g.target(); !slices.Contains(targets, t) {
			targets = append(targets, t)
		}
	}
	texts := make([]string, len(targets))
	for i, target := range targets {
		texts[i] = d.text(target)
	}
	return texts
}

func (g *guess) target() string {
	if g.schema != "" {
		return "schema: " + g.schema
	}
	return "operation: " + g.operation
}

// text writes one file.
func (d *draft) text(target string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# What %s changed against %s, told from the old form to the new one: requests of old clients
# are carried forward, responses back. The steps are a guess from the two contracts; check them.
# "gateway test --versions" tries them, "gateway diff" tells what is not covered yet.

# The changelog says:
description: %s
`, d.newer.Version, d.older.Version, text(d.sentence))
	var losses []string
	part := "steps"
	for _, g := range d.guesses {
		if g.target() != target {
			continue
		}
		if g.loses != "" {
			losses = append(losses, g.loses)
		}
		if g.part != "" {
			part = g.part
		}
	}
	if len(losses) > 0 {
		fmt.Fprintf(&b, "# An old client does not get back what it sent:\nlossless: false\nloses: %s\n", text(strings.Join(losses, "; ")))
	}
	fmt.Fprintf(&b, "%s\n%s:\n", target, part)
	for _, g := range d.guesses {
		if g.target() != target {
			continue
		}
		for i, line := range g.lines {
			lead := "    "
			if i == 0 {
				lead = "  - "
			}
			if i == len(g.lines)-1 && g.comment != "" {
				line += " # " + g.comment
			}
			b.WriteString(lead + line + "\n")
		}
	}
	return b.String()
}

// write puts the files into the folder of the newer version, and tells what is still not
// covered.
func (d *draft) write(today time.Time) (string, []compat.Change, error) {
	folder := change.Folder(d.newer.File)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", nil, err
	}
	var written []string
	for _, content := range d.texts() {
		file, err := d.file(folder, today, content)
		if err != nil {
			return "", nil, err
		}
		written = append(written, file)
	}
	report, _, err := compat.Between(d.older, d.newer)
	if err != nil {
		return "", nil, err
	}
	return strings.Join(written, "\n"), report.Breaks(), nil
}

// file writes one file under a free name, which sorts behind those of earlier days.
func (d *draft) file(folder string, today time.Time, content string) (string, error) {
	base := today.UTC().Format(time.DateOnly) + "-" + slug(d.sentence)
	for i := 1; i < 100; i++ {
		name := base
		if i > 1 {
			name = fmt.Sprintf("%s-%d", base, i)
		}
		file := filepath.Join(folder, name+".yaml")
		f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if os.IsExist(err) {
			continue
		}
		if err != nil {
			return "", err
		}
		_, err = f.WriteString(content)
		if closed := f.Close(); err == nil {
			err = closed
		}
		return file, err
	}
	return "", fmt.Errorf("%s has a hundred files called %s", folder, base)
}

// slug makes a file name of the first words of a sentence.
func slug(sentence string) string {
	words := strings.FieldsFunc(strings.ToLower(sentence), func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	words = slices.DeleteFunc(words, func(w string) bool { return slices.Contains([]string{"the", "a", "an", "of", "is", "are"}, w) })
	name := strings.Join(words[:min(len(words), 5)], "-")
	if name == "" {
		return "change"
	}
	return name[:min(len(name), 60)]
}
