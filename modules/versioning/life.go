package versioning

import (
	"fmt"
	"slices"
	"strings"

	"gateway/internal/finding"
	"gateway/internal/openapi"
)

// Contract is a version that a contract stands for, with what the contract itself says
// about its end, each with its place:
//
//	x-deprecated: 2027-01-01
//	x-sunset: 2027-06-30
//	x-brownout: 2027-06-01 10:00/15m     # or a list of them
type Contract struct {
	Name string
	// life is what it says, by the names of the options of a version.
	life map[string][]said
}

// said is one thing that a contract says.
type said struct {
	text string
	at   openapi.Position
}

// lifeMembers are the members of a contract that are options of its version.
var lifeMembers = []struct{ member, option string }{
	{"x-deprecated", "deprecated"}, {"x-sunset", "sunset"}, {"x-brownout", "brownout"},
}

// ReadContract takes the end of a version out of its contract.
func ReadContract(name string, contract *openapi.Contract) (Contract, error) {
	c := Contract{Name: name}
	for _, m := range lifeMembers {
		extension, ok := contract.Extensions[m.member]
		if !ok {
			continue
		}
		flaw := func(hint, format string, args ...any) error {
			return &finding.Error{Message: fmt.Sprintf(format, args...), At: finding.Position(extension.Source), Word: m.member, Hint: hint}
		}
		if name == "" {
			return c, flaw("move the contract into the folder of a version, such as v1, or remove the line", "%s has no effect: the contract belongs to no version", m.member)
		}
		list, isList := extension.Value.([]any)
		if !isList || m.option != "brownout" {
			list = []any{extension.Value}
		}
		for _, value := range list {
			text, ok := value.(string)
			if !ok || text == "" {
				return c, flaw("such as "+m.member+`: "2027-06-30"`, "%s is not a date in quotes or without", m.member)
			}
			if c.life == nil {
				c.life = make(map[string][]said)
			}
			c.life[m.option] = append(c.life[m.option], said{text, extension.Source})
		}
	}
	return c, nil
}

// with adds what a contract says to what the configuration says about its version. The
// two may not disagree: one of them would be wrong, and nobody could tell which.
func (v Version) with(c *Contract) (Version, error) {
	lines := make(map[string]string, len(v.lines)+len(c.life))
	for option, line := range v.lines {
		lines[option] = line
	}
	v.lines = lines
	for _, m := range lifeMembers {
		saying := c.life[m.option]
		if len(saying) == 0 {
			continue
		}
		texts := make([]string, len(saying))
		for i := range saying {
			texts[i] = saying[i].text
		}
		here := v.saying(m.option)
		if len(here) > 0 && !slices.Equal(here, texts) {
			return v, v.flaw(m.option, here[0], "keep one of them", "the %s of version %s is %s here, but %s in its contract (%s)",
				m.option, v.Name, strings.Join(here, ", "), strings.Join(texts, ", "), finding.Position(saying[0].at))
		}
		if len(here) == 0 {
			v.lines[m.option] = finding.Position(saying[0].at).String()
			v.say(m.option, texts)
		}
	}
	return v, nil
}

// saying returns what the configuration says about an option.
func (v *Version) saying(option string) []string {
	switch {
	case option == "brownout":
		return v.Brownouts
	case option == "deprecated" && v.Deprecated != "":
		return []string{v.Deprecated}
	case option == "sunset" && v.Sunset != "":
		return []string{v.Sunset}
	}
	return nil
}

func (v *Version) say(option string, texts []string) {
	switch option {
	case "brownout":
		v.Brownouts = texts
	case "deprecated":
		v.Deprecated = texts[0]
	case "sunset":
		v.Sunset = texts[0]
	}
}
