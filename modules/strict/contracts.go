package strict

import (
	"encoding/json"
	"path/filepath"
	"slices"

	"gateway/internal/finding"
	"gateway/internal/openapi"
)

// doubts returns what the rules of the specification say about the contracts of a
// configuration that loads. Nothing of it changes what the gateway does.
func doubts(config []byte) (list finding.List) {
	var tree any
	if json.Unmarshal(config, &tree) != nil {
		return nil // it has loaded
	}
	for _, file := range contractsIn(tree) {
		found, err := openapi.Lint(file)
		if err != nil {
			continue // it was there a moment ago, and the load would have said so
		}
		list = append(list, found...)
	}
	return list
}

// contractsIn lists the files of the contracts of all api blocks, once each. Those
// that are fetched are not at hand.
func contractsIn(tree any) (files []string) {
	switch v := tree.(type) {
	case []any:
		for _, item := range v {
			files = append(files, contractsIn(item)...)
		}
	case map[string]any:
		if v["handler"] == "api" {
			files = append(files, contractsOf(v["apis"])...)
		}
		for _, member := range v {
			files = append(files, contractsIn(member)...)
		}
	}
	slices.Sort(files)
	return slices.Compact(files)
}

func contractsOf(apis any) (files []string) {
	list, _ := apis.([]any)
	for _, api := range list {
		block, _ := api.(map[string]any)
		place, _ := block["contract"].(string)
		switch filepath.Ext(place) {
		case ".json", ".yaml", ".yml":
			files = append(files, place)
			continue
		}
		found, _ := openapi.Discover(place) // nothing, for one that is fetched
		for _, f := range found {
			files = append(files, f.File)
		}
	}
	return files
}
