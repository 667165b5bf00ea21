package openapi

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gateway/internal/finding"
)

// Load reads the contract in a file, with the files next to it that it refers to.
// Every problem is in the error, a finding.Error or finding.List.
//
// References reach into the directory of the contract and below, and nowhere else:
// neither through "..", nor through symbolic links, nor over the network.
func Load(name string) (*Contract, error) {
	contract, _, err := Read(name)
	return contract, err
}

// open opens the directory of a contract so that nothing outside of it can be
// reached, also not through links, and reads the contract itself. That one may be a
// link to anywhere: whoever names it chose it.
func open(name string, sight *Sight) (fs.FS, []byte, io.Closer, error) {
	root, err := os.OpenRoot(filepath.Dir(name))
	if err != nil {
		sight.add(glimpse{name: filepath.Base(name)})
		return nil, nil, nil, missing(name, plain(err))
	}
	seen, data, err := look(os.DirFS(filepath.Dir(name)), filepath.Base(name))
	sight.add(seen)
	if err != nil {
		root.Close()
		return nil, nil, nil, missing(name, err)
	}
	return root.FS(), data, root, nil
}

// LoadFS is Load for a file within files, which are then the directory.
func LoadFS(files fs.FS, name string) (*Contract, error) {
	_, data, err := look(files, name)
	if err != nil {
		return nil, missing(name, err)
	}
	return load(files, "", name, data, nil)
}

// Parse is Load for a contract that is not in a file, such as one fetched from a
// service. It may refer to nothing but itself. The name is for messages.
func Parse(name string, data []byte) (*Contract, error) {
	if len(data) > maxDocumentBytes {
		return nil, missing(name, fmt.Errorf("it is larger than %d MiB", maxDocumentBytes>>20))
	}
	slash := strings.LastIndexByte(name, '/')
	return load(noFiles{}, name[:max(slash, 0)], name[slash+1:], data, nil)
}

// noFiles is a directory that nothing can be had from.
type noFiles struct{}

func (noFiles) Open(string) (fs.File, error) {
	return nil, errors.New("a contract that was fetched may refer to nothing but itself")
}

func missing(name string, err error) error {
	return &finding.Error{Message: fmt.Sprintf("the contract cannot be read: %v", err), At: finding.Position{File: name}}
}

// load does the work: read, check, build, bundle.
func load(files fs.FS, dir, name string, data []byte, sight *Sight) (*Contract, error) {
	c, contract := check(files, dir, name, data, sight)
	if len(c.errors) > 0 {
		c.tell()
		return nil, c.err()
	}
	contract.checked = c
	contract.Document = c.bundle(false)
	contract.Files, contract.Hash = c.source.names(), c.source.hash()
	contract.Warnings = inOrder(c.warnings)
	return contract, nil
}

// check reads a contract with everything it refers to. The contract is usable if
// nothing was reported.
func check(files fs.FS, dir, name string, data []byte, sight *Sight) (*checker, *Contract) {
	r := &report{}
	s := &source{files: files, dir: dir, read: make(map[string]*file), report: r, sight: sight}
	main := s.add(name, data)
	c := &checker{report: r, source: s, root: main.root}
	contract := &Contract{File: main.shown}
	if main.root != nil && c.chooseVersion() {
		c.check()
		c.build(contract)
	}
	return c, contract
}

// chooseVersion reads which OpenAPI it is; the tables depend on that.
func (c *checker) chooseVersion() bool {
	const hint = "supported are OpenAPI 3.0, 3.1 and 3.2"
	v := c.root.get("openapi")
	switch {
	case c.root.kind != isObject:
		c.add(finding.Error{Message: "this is not an OpenAPI document, but " + c.root.kind.String(), At: c.root.place()})
	case c.root.get("swagger") != nil:
		v = c.root.get("swagger")
		c.add(finding.Error{
			Message: fmt.Sprintf("this is Swagger %s, which is not supported", v.text), At: v.place(), Word: v.text,
			Hint: "convert it to OpenAPI 3, with swagger2openapi or the online converter of swagger.io",
		})
	case v == nil:
		c.add(finding.Error{
			Message: `this is not an OpenAPI document: it has no "openapi" member`, At: c.root.place(),
			Hint: "begin with openapi: 3.1.0",
		})
	case v.kind == isNumber:
		c.add(finding.Error{Message: `"openapi" must be a string`, At: v.place(), Word: v.text, Hint: `three numbers, such as "3.1.0"`})
	case strings.HasPrefix(v.text, "3.0."):
		c.version = v30
		return true
	case strings.HasPrefix(v.text, "3.1."):
		c.version = v31
		c.dialect(c.root.get("jsonSchemaDialect"))
		return true
	case strings.HasPrefix(v.text, "3.2."):
		c.version = v32
		dialect := c.root.get("jsonSchemaDialect")
		c.dialect(dialect)
		c.modern = dialect != nil && strings.Contains(dialect.text, "/3.2/")
		c.self()
		return true
	default:
		c.add(finding.Error{Message: fmt.Sprintf("OpenAPI %s is not supported", v.text), At: v.place(), Word: v.text, Hint: hint})
	}
	return false
}
