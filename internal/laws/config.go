package laws

import (
	"go/ast"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

var snakeCase = regexp.MustCompile(`^[a-z0-9]+(?:_[a-z0-9]+)*$`)

// saysDefault matches a comment that tells what happens without the field.
var saysDefault = regexp.MustCompile(`\b(?:Defaults?|Required|Optional)\b`)

// Config is the law of configuration: every field of an exported type of a module
// that can be set by JSON has a snake_case name and a comment that says its default,
// or that it is required.
func Config(root string) ([]Breach, error) {
	list, err := goFiles(root)
	if err != nil {
		return nil, err
	}
	var breaches []Breach
	for _, f := range list {
		if f.test() || !below(f.path, "modules") {
			continue
		}
		ast.Inspect(f.tree, func(node ast.Node) bool {
			spec, ok := node.(*ast.TypeSpec)
			if !ok || !spec.Name.IsExported() {
				return true
			}
			if structure, ok := spec.Type.(*ast.StructType); ok {
				for _, field := range structure.Fields.List {
					breaches = append(breaches, f.field(spec.Name.Name, field)...)
				}
			}
			return false
		})
	}
	return breaches, nil
}

// field judges one field of a type.
func (f *goFile) field(owner string, field *ast.Field) []Breach {
	name := jsonName(field)
	if name == "" || len(field.Names) == 0 || !field.Names[0].IsExported() {
		return nil
	}
	label := owner + "." + field.Names[0].Name
	var breaches []Breach
	if !snakeCase.MatchString(name) {
		breaches = append(breaches, f.breach(field.Pos(), "%s is %q in JSON, not snake_case", label, name))
	}
	switch text := field.Doc.Text(); {
	case text == "":
		breaches = append(breaches, f.breach(field.Pos(), "%s has no comment", label))
	case !saysDefault.MatchString(text):
		breaches = append(breaches, f.breach(field.Pos(), "the comment of %s says neither its Default nor that it is Required", label))
	}
	return breaches
}

// jsonName returns the name of a field in JSON, "" if it has none.
func jsonName(field *ast.Field) string {
	if field.Tag == nil {
		return ""
	}
	tag, err := strconv.Unquote(field.Tag.Value)
	if err != nil {
		return ""
	}
	name, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
	if name == "-" {
		return ""
	}
	return name
}
