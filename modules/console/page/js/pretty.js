// JSON that can be read. It is not parsed but cut into tokens, so that large numbers, repeated members
// and bodies that end in the middle are shown as they were sent.
import { h } from "./dom.js";

const token = /"(?:[^"\\]|\\.)*"?|[{}[\],:]|[^\s{}[\],:"]+/gs;
const deepest = 100;

// pretty returns a body as text or as coloured pieces of text.
export function pretty(text, type) {
	const json = /[/+]json\b/i.test(type ?? "") || (!type && /^\s*[{[]/.test(text));
	return json ? pieces(text) : text;
}

function pieces(text) {
	const made = [];
	let depth = 0;
	let plain = "";
	let empty = false; // the token before has opened something
	const line = () => (plain += "\n" + "  ".repeat(Math.min(depth, deepest)));
	const piece = (kind, word) => {
		if (plain) made.push(plain);
		plain = "";
		made.push(h(`span.${kind}`, null, word));
	};
	for (const match of text.matchAll(token)) {
		const word = match[0];
		const opened = empty;
		empty = false;
		if (word === "}" || word === "]") {
			depth = Math.max(0, depth - 1);
			if (!opened) line();
			plain += word;
			continue;
		}
		if (opened) line();
		if (word === "{" || word === "[") {
			depth++;
			empty = true;
			plain += word;
		} else if (word === ",") {
			plain += word;
			line();
		} else if (word === ":") plain += ": ";
		else if (word[0] === '"') piece(/^\s*:/.test(text.slice(match.index + word.length, match.index + word.length + 20)) ? "j-key" : "j-string", word);
		else piece(/^[-\d]/.test(word) ? "j-number" : "j-word", word);
	}
	if (plain) made.push(plain);
	return made;
}
