// A request as a curl command for a POSIX shell. Whatever the client sent stays a word of that
// command: nothing of it is ever read by the shell.

// quote makes one word of a text. In single quotes a shell reads nothing but the end of them.
export function quote(text) {
	return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("\0", "").replaceAll("'", `'\\''`)}'`;
}

// What curl sets by itself, and what belongs to the connection.
const own = new Set(["host", "content-length", "connection", "transfer-encoding", "keep-alive", "te", "trailer", "upgrade", "proxy-connection", "expect"]);

// What stands for a secret, and what ends a text that was cut.
const cover = "••••";
const hidden = (text) => text.includes(cover) || text.endsWith("…");

// curl returns the command, and notes about what it leaves out.
export function curl(detail) {
	const request = detail.request ?? { target: detail.path, header: [] };
	const notes = [];
	const method = detail.method;
	const words = ["curl", "-i", "--path-as-is", "--globoff"];
	if (method === "HEAD") words.push("--head");
	else if (method !== "GET" || request.body?.text) words.push("-X", quote(method));
	words.push("--url", quote(`${detail.scheme || "http"}://${detail.host}${request.target}`));
	if (hidden(request.target)) notes.push("the target has masked or cut parts: put them in");
	const masked = new Set((detail.masked ?? []).map((name) => name.replace(/^request\.header[.:]/, "").toLowerCase()));
	for (const [name, value] of request.header ?? []) {
		const key = name.toLowerCase();
		if (own.has(key)) continue;
		if (masked.has(key) || hidden(value)) {
			notes.push(`${name} is ${value.endsWith("…") && !masked.has(key) ? "cut" : "masked"}: add it yourself`);
			continue;
		}
		words.push("-H", quote(value === "" ? `${name};` : `${name}: ${value}`));
	}
	if (request.body?.binary) notes.push("the body is no text and not remembered");
	else if (request.body?.text) {
		words.push("--data-raw", quote(request.body.text));
		if (request.body.text.includes(cover)) notes.push("the body has masked values: put them in");
		if (request.body.truncated) notes.push("the body is only its beginning");
	}
	const lines = [""];
	for (const word of words) {
		if (/^-{1,2}[a-zA-Z]/.test(word) && lines.at(-1).length > 60) lines.push("");
		lines[lines.length - 1] += (lines.at(-1) ? " " : "") + word;
	}
	// Notes hold names that the client has chosen: without line breaks they stay comments.
	const comments = notes.map((note) => `# ${note.replaceAll(/[\x00-\x1f\x7f\u2028\u2029]/g, " ")}\n`);
	return { text: comments.join("") + lines.join(" \\\n  "), notes };
}
