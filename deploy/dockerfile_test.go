package deploy

import (
	"encoding/json"
	"go/version"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// stage is one FROM of a Dockerfile with its instructions.
type stage struct {
	image, name  string
	instructions []instruction
}

type instruction struct{ word, rest string }

// stages reads a Dockerfile as far as the tests need it.
func stages(t *testing.T) []stage {
	t.Helper()
	var all []stage
	text := strings.ReplaceAll(read(t, "Dockerfile"), "\\\n", " ")
	for line := range strings.Lines(text) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case word == "" || strings.HasPrefix(word, "#"):
		case word == "FROM":
			fields := strings.Fields(rest)
			if len(fields) != 3 || fields[1] != "AS" {
				t.Fatalf("a stage without a name: %s", line)
			}
			all = append(all, stage{image: fields[0], name: fields[2]})
		case len(all) == 0:
			t.Fatalf("an instruction before the first stage: %s", line)
		default:
			last := &all[len(all)-1]
			last.instructions = append(last.instructions, instruction{word, strings.TrimSpace(rest)})
		}
	}
	return all
}

// all returns the arguments of every instruction of one kind.
func (s stage) all(word string) []string {
	var rest []string
	for _, i := range s.instructions {
		if i.word == word {
			rest = append(rest, i.rest)
		}
	}
	return rest
}

func TestDockerfileBuilds(t *testing.T) {
	t.Parallel()
	build := stages(t)[0]
	mod, err := os.ReadFile(filepath.Join("..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	need := regexp.MustCompile(`(?m)^go (\S+)$`).FindSubmatch(mod)
	have := regexp.MustCompile(`^golang:([0-9.]+)-`).FindStringSubmatch(build.image)
	if need == nil || have == nil {
		t.Fatalf("no Go version in go.mod or in %q", build.image)
	}
	if version.Compare("go"+have[1], "go"+string(need[1])) < 0 {
		t.Errorf("the image has Go %s, go.mod asks for %s", have[1], need[1])
	}
	commands := strings.Join(build.all("RUN"), "\n")
	if !strings.Contains(commands, "CGO_ENABLED=0 go build ") {
		t.Error("the binaries are not static; the images have no C library")
	}
	for _, dir := range packages(t, commands) {
		if _, err := os.Stat(filepath.Join("..", dir)); err != nil {
			t.Errorf("go build names a package that is not there: %v", err)
		}
	}
}

// packages returns what the Dockerfile builds.
func packages(t *testing.T, commands string) []string {
	t.Helper()
	found := regexp.MustCompile(` \./(\S+)`).FindAllStringSubmatch(commands, -1)
	if len(found) == 0 {
		t.Fatal("go build names no packages")
	}
	var dirs []string
	for _, match := range found {
		dirs = append(dirs, match[1])
	}
	return dirs
}

func TestImagesAreSmallAndUnprivileged(t *testing.T) {
	t.Parallel()
	all := stages(t)
	names := []string{all[0].name}
	for _, s := range all[1:] {
		if s.image != "scratch" {
			t.Errorf("%s is made from %s, want scratch", s.name, s.image)
		}
		user := s.all("USER")
		if len(user) != 1 || !regexp.MustCompile(`^[1-9][0-9]*:[1-9][0-9]*$`).MatchString(user[0]) {
			t.Errorf("%s runs as %v, want one number that is not root", s.name, user)
		}
		if len(s.all("ENTRYPOINT")) != 1 || !json.Valid([]byte(s.all("ENTRYPOINT")[0])) {
			t.Errorf("%s has no entrypoint that works without a shell", s.name)
		}
		for _, from := range s.all("COPY") {
			match := regexp.MustCompile(`--from=(\S+)`).FindStringSubmatch(from)
			if match == nil || !slices.Contains(names, match[1]) {
				t.Errorf("%s copies from no stage before it: %s", s.name, from)
			}
		}
		names = append(names, s.name)
	}
	gateway := all[len(all)-1]
	if gateway.name != "gateway" {
		t.Errorf("the last stage is %s, want gateway: it is built without --target", gateway.name)
	}
	if check := gateway.all("HEALTHCHECK"); len(check) != 1 || !strings.Contains(check[0], `"/usr/bin/healthcheck"`) {
		t.Errorf("the gateway's health is checked by %v", check)
	}
	if !strings.Contains(strings.Join(gateway.all("COPY"), "\n"), "ca-certificates.crt") {
		t.Error("the gateway has no CA certificates and could not fetch keys over https")
	}
}

// TestBuildContext holds the .dockerignore against what the build reads.
func TestBuildContext(t *testing.T) {
	t.Parallel()
	var allowed []string
	for line := range strings.Lines(read(t, "Dockerfile.dockerignore")) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "!"); ok {
			allowed = append(allowed, path)
		}
	}
	args := []string{"list", "-deps", "-f", "{{if not .Standard}}{{if .Module}}{{if .Module.Main}}{{.Dir}}|{{join .EmbedFiles \",\"}}{{end}}{{end}}{{end}}"}
	for _, dir := range packages(t, strings.Join(stages(t)[0].all("RUN"), "\n")) {
		args = append(args, "./"+dir)
	}
	list := exec.Command("go", args...)
	list.Dir = ".."
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	packages := strings.Fields(string(out))
	if len(packages) < 10 {
		t.Fatalf("go list finds only %v", packages)
	}
	for _, line := range packages {
		dir, embedded, _ := strings.Cut(line, "|")
		path := strings.TrimPrefix(filepath.ToSlash(strings.TrimPrefix(dir, root)), "/")
		if !slices.ContainsFunc(allowed, func(a string) bool { return path == a || strings.HasPrefix(path, a+"/") }) {
			t.Errorf("the build reads %s, which .dockerignore leaves out", path)
		}
		if strings.Contains(embedded, "testdata/") {
			t.Errorf("%s embeds testdata, which .dockerignore leaves out", path)
		}
	}
}
