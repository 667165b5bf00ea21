// The field for the filter language: suggestions as one types, and mistakes shown at their place.
import { reasons } from "./api.js";
import { h, fill } from "./dom.js";

// keys are those of the language, with what each is about.
export const keys = {
	reason: "why, such as schema.* or auth.expired", status: "such as 404, 5xx, >=400", outcome: "what became of it", method: "such as POST",
	path: "as the client sent it, such as /v1/*", query: "behind the ?, such as *limit=*", route: "the template", api: "the API", version: "its version", group: "of a canary", consumer: "who called",
	policy: "which step decided", operation: "the operationId", host: "the host", id: "the request id", stream: "websocket, sse or upgrade",
	total_ms: "all of the time, such as >250 or 1s..", own_ms: "the gateway's own", upstream_ms: "the service's", bytes: "of the answer",
};
const values = {
	outcome: ["answered", "refused", "failed", "reported", "aborted", "open"],
	method: ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"],
	policy: ["api", "versioning", "auth", "ratelimit", "validate"],
	stream: ["websocket", "sse", "upgrade"],
	group: ["canary", "stable"],
	status: [">=400", "4xx", "5xx", "200", "401", "403", "404", "422", "429", "502"],
	total_ms: [">100", ">250", ">1s", "100..250"],
	own_ms: [">1", ">10"],
	upstream_ms: [">100", ">1s"],
};
const groups = ["schema.*", "auth.*", "limit.*", "route.*", "version.*", "upstream.*"];
const fields = { api: "api", version: "version", consumer: "consumer", operation: "operation", host: "host", route: "template" };

// word finds the term at the caret: where it begins, whether it is negated, its key and the value so far. A space in
// quotes ends none.
export function word(text, caret) {
	let start = 0, end = 0, open = false;
	for (; end < text.length; end++) {
		if (text[end] === "\\" && open) end++;
		else if (text[end] === '"') open = !open;
		else if (!open && /\s/.test(text[end])) {
			if (end >= caret) break;
			start = end + 1;
		}
	}
	end = Math.max(caret, Math.min(end, text.length));
	const part = text.slice(start, caret);
	const not = part.startsWith("-") ? "-" : "";
	const colon = part.indexOf(":");
	return { start, end, not, key: colon < 0 ? null : part.slice(not.length, colon), value: colon < 0 ? part.slice(not.length) : part.slice(colon + 1) };
}

// quoted writes a value so that the filter takes it as it is.
export const quoted = (value) => (/^[\w./{}*@+-]+$/.test(value) ? value : `"${value.replaceAll(/["\\]/g, "\\$&")}"`);

// Filter is the field. seen() returns the rows that are there, for suggestions; apply is called with a new filter.
export class Filter {
	element;
	#input;
	#list;
	#mistake;
	#options = [];
	#active = -1;
	#timer = 0;
	#codes = [];
	#seen;
	#apply;

	constructor(seen, apply) {
		this.#seen = seen;
		this.#apply = apply;
		this.#input = h("input.filter-input", {
			id: "filter", type: "text", role: "combobox", placeholder: "Filter, such as reason:schema.* status:>=400", autocomplete: "off", autocapitalize: "off", spellcheck: "false",
			"aria-label": "Filter requests", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "suggestions", "aria-describedby": "mistake",
			on: { input: () => this.#typed(), keydown: (event) => this.#key(event), blur: () => this.#close(), click: () => this.#suggest() },
		});
		this.#list = h("ul.suggestions", { id: "suggestions", role: "listbox", "aria-label": "Suggestions", hidden: true });
		this.#mistake = h("div.mistake", { id: "mistake", role: "status" });
		const clear = h("button.quiet.clear", { type: "button", "aria-label": "Clear the filter", on: { click: () => this.clear() } }, "✕");
		this.element = h("div.filter", null, this.#input, clear, this.#list, this.#mistake);
		reasons().then((all) => (this.#codes = [...all.keys()]), () => {});
	}

	get text() {
		return this.#input.value.trim();
	}

	set text(text) {
		if (this.text !== text) this.#input.value = text;
	}

	focus() {
		this.#input.focus();
		this.#input.select();
	}

	clear() {
		this.#input.value = "";
		this.#close();
		this.#apply("");
		this.#input.focus();
	}

	// complain shows what is wrong with the filter, below the place; null takes it away.
	complain(error) {
		this.#input.setAttribute("aria-invalid", error ? "true" : "false");
		if (!error) return fill(this.#mistake);
		const { position, length = 1, hint } = error.body ?? {};
		const text = [...this.text]; // places are counted in characters
		const part = Number.isInteger(position) && position <= text.length && text.length < 120;
		fill(this.#mistake,
			part && h("pre", { "aria-hidden": "true" }, this.text, "\n", " ".repeat(position), "^".repeat(Math.max(1, Math.min(length, text.length - position)))),
			h("p", null, error.message, hint && ` – ${hint}`));
	}

	#typed() {
		this.#suggest();
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.#commit(), 350);
	}

	#commit() {
		clearTimeout(this.#timer);
		this.#apply(this.text);
	}

	#suggest() {
		const at = word(this.#input.value, this.#input.selectionStart);
		let options;
		if (at.key === null) {
			const start = at.value.toLowerCase();
			options = Object.entries(keys).filter(([key]) => key.startsWith(start) && (start || !["id", "bytes", "stream", "host", "own_ms", "upstream_ms", "query", "group", "operation"].includes(key)))
				.map(([key, hint]) => ({ text: `${at.not}${key}:`, show: `${key}:`, hint, more: true }));
		} else {
			const start = at.value.split(",").at(-1).replace(/^"/, "").toLowerCase();
			const before = at.value.slice(0, at.value.length - at.value.split(",").at(-1).length);
			options = this.#valuesOf(at.key).filter((value) => value.toLowerCase().startsWith(start) && value.toLowerCase() !== start).slice(0, 12)
				.map((value) => ({ text: `${at.not}${at.key}:${before}${/^[<>]/.test(value) ? value : quoted(value)}`, show: value, hint: "" }));
		}
		this.#options = options;
		this.#active = -1;
		fill(this.#list, options.map((option, i) => h("li", {
			id: `suggestion-${i}`, role: "option", "aria-selected": "false",
			on: { mousedown: (event) => { event.preventDefault(); this.#complete(i); } },
		}, h("code", null, option.show), option.hint && h("span.soft", null, option.hint))));
		this.#open(options.length > 0 && document.activeElement === this.#input);
	}

	#valuesOf(key) {
		if (key === "reason") return [...groups, ...this.#codes];
		if (values[key]) return values[key];
		const field = fields[key];
		if (!field) return [];
		return [...new Set(this.#seen().map((row) => row[field]).filter(Boolean))].sort();
	}

	#open(open) {
		this.#list.hidden = !open;
		this.#input.setAttribute("aria-expanded", String(open));
		if (!open) this.#input.removeAttribute("aria-activedescendant");
	}

	#close() {
		this.#active = -1;
		this.#open(false);
	}

	#move(by) {
		if (this.#list.hidden) this.#suggest();
		if (this.#options.length === 0) return;
		this.#active = (this.#active + by + this.#options.length + (this.#active < 0 && by < 0 ? 1 : 0)) % this.#options.length;
		[...this.#list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === this.#active)));
		const item = this.#list.children[this.#active];
		this.#input.setAttribute("aria-activedescendant", item.id);
		item.scrollIntoView({ block: "nearest" });
	}

	#complete(i) {
		const option = this.#options[i];
		const at = word(this.#input.value, this.#input.selectionStart);
		const rest = this.#input.value.slice(at.end);
		const text = this.#input.value.slice(0, at.start) + option.text + (option.more || rest ? "" : " ");
		this.#input.value = text + rest;
		this.#input.setSelectionRange(text.length, text.length);
		if (option.more) return this.#suggest();
		this.#close();
		this.#commit();
	}

	#key(event) {
		const open = !this.#list.hidden;
		if (event.key === "ArrowDown") this.#move(1);
		else if (event.key === "ArrowUp") this.#move(-1);
		else if ((event.key === "Enter" || event.key === "Tab") && open && this.#active >= 0) this.#complete(this.#active);
		else if (event.key === "Enter") {
			this.#close();
			this.#commit();
		} else if (event.key === "Escape" && open) this.#close();
		else if (event.key === "Escape" && this.#input.value) this.clear();
		else if (event.key === "Escape") this.#input.blur();
		else return;
		event.preventDefault();
		event.stopPropagation();
	}
}
