package change

// fewMembers is up to how many members are compared with each other.
const fewMembers = 32

// single reports a member that an object has twice. Readers disagree about which of them
// counts (RFC 8259 §4), and one of them would be changed and the other one not.
func (v *value) single() {
	if len(v.members) > fewMembers {
		seen := make(map[string]struct{}, len(v.members))
		for i := range v.members {
			seen[v.members[i].name] = struct{}{}
		}
		if len(seen) < len(v.members) {
			v.document.fail(nil, repeated)
		}
		return
	}
	for i := range v.members {
		for j := range i {
			if v.members[i].name == v.members[j].name {
				v.document.fail(nil, repeated)
				return
			}
		}
	}
}

const repeated = "an object has a member twice"
