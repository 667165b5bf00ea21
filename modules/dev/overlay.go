package dev

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// object is a JSON object.
type object = map[string]any

// member returns an object within an object, which is made if it is not there.
func member(o object, names ...string) object {
	for _, name := range names {
		inner, ok := o[name].(object)
		if !ok {
			inner = object{}
			o[name] = inner
		}
		o = inner
	}
	return o
}

// otherwise sets a member that is not there.
func otherwise(o object, name string, value any) {
	if _, ok := o[name]; !ok {
		o[name] = value
	}
}

func decode(config []byte) (object, error) {
	d := json.NewDecoder(bytes.NewReader(config))
	d.UseNumber()
	var tree object
	if err := d.Decode(&tree); err != nil {
		return nil, fmt.Errorf("decoding the adapted config: %w", err)
	}
	if tree == nil {
		tree = object{}
	}
	return tree, nil
}

// contractLogger is the logger of the api blocks: what it says of contracts is of
// interest at level info, too.
const contractLogger = "http.handlers.api"

// overlay adds to a configuration what dev is for: the console, Server-Timing, the
// documentation of every API, and logs for people. What the configuration says itself
// stays. It is not saved as the one to resume with.
func overlay(config []byte, addresses given, colour bool) ([]byte, error) {
	tree, err := decode(config)
	if err != nil {
		return nil, err
	}
	gateway := member(tree, "apps", "gateway")
	gateway["console"], gateway["server_timing"] = addresses.console, true
	admin := member(tree, "admin")
	if addresses.admin != "" {
		otherwise(admin, "listen", addresses.admin)
	}
	member(admin, "config")["persist"] = false
	for _, api := range apisIn(tree) {
		otherwise(api, "docs", true)
	}
	encoder := object{"format": encoderName, "colour": colour}
	logs := member(tree, "logging", "logs")
	usual := member(logs, "default")
	if _, own := usual["encoder"]; !own && usual["writer"] == nil {
		usual["encoder"] = encoder
		otherwise(usual, "level", "WARN")
		if _, own := usual["include"]; !own {
			exclude, _ := usual["exclude"].([]any)
			usual["exclude"] = append(slices.Clone(exclude), contractLogger)
			logs["gateway_dev_contracts"] = object{"encoder": encoder, "level": "INFO", "include": []any{contractLogger}}
		}
	}
	return json.Marshal(tree)
}

// apisIn lists the api blocks in a JSON tree.
func apisIn(tree any) (list []object) {
	switch node := tree.(type) {
	case []any:
		for _, item := range node {
			list = append(list, apisIn(item)...)
		}
	case object:
		if apis, ok := node["apis"].([]any); ok && node["handler"] == "api" {
			for _, api := range apis {
				if block, ok := api.(object); ok {
					list = append(list, block)
				}
			}
		}
		for _, inner := range node {
			list = append(list, apisIn(inner)...)
		}
	}
	return list
}
