package dev

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gateway/internal/finding"
)

// maxMentioned bounds the files that a configuration that has failed is watched by, and
// maxName how long a name may be.
const (
	maxMentioned = 500
	maxName      = 1024
)

// filesOf lists the files that findings are about.
func filesOf(found finding.List) []string {
	var names []string
	for _, e := range found {
		if e.At.File != "" {
			names = append(names, e.At.File)
		}
	}
	return names
}

// mentioned lists the files and folders that a configuration names, whether they are
// there or not: one of them may be what it fails over.
func mentioned(config []byte) []string {
	var names []string
	add := func(name string) {
		if len(names) < maxMentioned && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	var tree any
	if json.Unmarshal(config, &tree) != nil {
		return names
	}
	texts(tree, func(text string) {
		if !strings.ContainsAny(text, "/\\.") || strings.ContainsAny(text, "\n{*?") || strings.Contains(text, "://") || len(text) > maxName {
			return
		}
		if _, err := os.Stat(text); err == nil || filepath.Ext(text) != "" || strings.Contains(text, "/") {
			add(filepath.Clean(text))
		}
	})
	return slices.DeleteFunc(names, func(name string) bool { return name == "/" || name == "." || name == ".." })
}

// texts calls visit for every text in a JSON tree.
func texts(tree any, visit func(string)) {
	switch node := tree.(type) {
	case string:
		visit(node)
	case []any:
		for _, item := range node {
			texts(item, visit)
		}
	case object:
		for _, inner := range node {
			texts(inner, visit)
		}
	}
}
