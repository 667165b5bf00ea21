package exchange

// Group is a part of the traffic.
type Group uint8

// The groups. The zero value is that of requests that no canary divides.
const (
	NoGroup Group = iota
	Stable
	Canary
	GroupCount // how many there are; not a group
)

var groupNames = [GroupCount]string{"", "stable", "canary"}

// String returns the word for header fields, logs and the metric label "group".
func (g Group) String() string { return groupNames[g] }
