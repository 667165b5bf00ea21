package validate

// failure is one broken keyword, or a group of them, without any text.
type failure struct {
	// at is the JSON Pointer to the value in the instance.
	at string
	// node is the schema and keyword its keyword; the rest of the keyword's path,
	// such as the branch of an allOf, does not matter. No keyword and no causes
	// is the schema false.
	node    *node
	keyword string
	// path is the way through the schemas, as keywords.
	path string
	// causes are the failures below a reference or an applicator.
	causes []*failure
}
