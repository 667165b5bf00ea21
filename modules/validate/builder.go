package validate

// builder makes a document out of text that is not JSON: parameters and form fields.
// The schema says how each piece of text is read.
type builder struct {
	*document
	text []byte
	// preferText reads text as a string wherever the schema allows one, even if it
	// looks like a number.
	preferText bool
}

func (b *builder) reset() {
	b.document.text, b.values, b.text = "", b.values[:0], b.text[:0]
}

// open begins an array or object and returns what close needs.
func (b *builder) open(k kind) int {
	b.values = append(b.values, value{kind: k})
	return len(b.values) - 1
}

func (b *builder) close(i int) { b.values[i].next = uint32(len(b.values)) }

// string appends a string or member name.
func (b *builder) string(s string) { b.append(s, kindString) }

// scalar appends text as one of the given types.
func (b *builder) scalar(s string, allowed types) { b.append(s, kindOfText(s, allowed, b.preferText)) }

func (b *builder) append(s string, k kind) {
	start := uint32(len(b.text))
	b.text = append(b.text, s...)
	b.values = append(b.values, value{start: start, end: uint32(len(b.text)), next: uint32(len(b.values) + 1), kind: k})
}

// finish makes the document readable.
func (b *builder) finish() *document {
	b.document.text = string(b.text)
	return b.document
}

// json appends a JSON text.
func (b *builder) json(text string, limits *bounds) *syntaxError {
	d := newDocument(text)
	defer d.release()
	if err := d.scan(limits); err != nil {
		return err
	}
	offset, shift := uint32(len(b.text)), uint32(len(b.values))
	b.text = append(b.text, text...)
	for _, v := range d.values {
		v.start, v.end, v.next = v.start+offset, v.end+offset, v.next+shift
		b.values = append(b.values, v)
	}
	return nil
}

// kindOfText returns what text is, if it may be one of the given types. What fits
// none of them is a string, and the schema will say what is wrong with it.
func kindOfText(s string, allowed types, preferText bool) kind {
	if preferText && allowed&typeString != 0 {
		return kindString
	}
	if allowed&(typeInteger|typeNumber) != 0 && isNumber(s) {
		return kindNumber
	}
	if allowed&typeBoolean != 0 && s == "true" {
		return kindTrue
	}
	if allowed&typeBoolean != 0 && s == "false" {
		return kindFalse
	}
	if allowed&typeNull != 0 && (s == "null" || s == "" && allowed&typeString == 0) {
		return kindNull
	}
	return kindString
}

// maxNumberText bounds the numbers in parameters and form fields, in characters.
const maxNumberText = 512

func isNumber(s string) bool {
	length, exponent := numberAt(s)
	return length > 0 && length == len(s) && length <= maxNumberText && exponent <= maxExponent
}

// mixed tells that text may be read in two ways.
func mixed(allowed types) bool {
	return allowed&typeString != 0 && allowed&(typeInteger|typeNumber|typeBoolean|typeNull) != 0
}
