// What the client sent, what the service got, and what was answered: fields and bodies as they are remembered.
import { copy, h } from "./dom.js";
import { bytes } from "./format.js";
import { pretty } from "./pretty.js";

// messages shows them in tabs, of which arrow keys choose one.
export function messages(detail) {
	const line = (message) => `${message.method ?? detail.method} ${message.target ?? detail.path} ${detail.proto ?? ""}`;
	const parts = [["As the client sent it", detail.request && (() => message(line(detail.request), detail.request))]];
	if (detail.forwarded) parts.push(["As the service got it", () => message(line(detail.forwarded), detail.forwarded, detail.request?.header)]);
	if (detail.response) parts.push(["Response", () => message(String(detail.response.status ?? detail.status), detail.response)]);
	const shown = parts.filter(([, make]) => make);
	const panel = h("div", { role: "tabpanel", id: "message", tabindex: 0 });
	const tabs = shown.map(([title], i) => h("button", { role: "tab", type: "button", id: `tab-${i}`, "aria-controls": "message", on: { click: () => choose(i), keydown: (event) => move(event, i) } }, title));
	const choose = (i) => {
		tabs.forEach((tab, n) => {
			tab.setAttribute("aria-selected", String(n === i));
			tab.tabIndex = n === i ? 0 : -1;
		});
		panel.setAttribute("aria-labelledby", tabs[i].id);
		panel.replaceChildren(shown[i][1]());
	};
	const move = (event, i) => {
		const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: tabs.length - 1 }[event.key];
		if (to === undefined) return;
		event.preventDefault();
		event.stopPropagation();
		const n = (to + tabs.length) % tabs.length;
		choose(n);
		tabs[n].focus();
	};
	if (shown.length === 0) return [h("h2", null, "Messages"), h("p.soft", null, "Nothing of the request is remembered.")];
	choose(0);
	return [h("div", { role: "tablist", "aria-label": "Messages" }, tabs), panel];
}

function message(line, message, against) {
	return h("div.message", null, h("pre.wrap", { tabindex: 0, role: "group", "aria-label": "First line" }, line), headers(message.header ?? [], against), body(message.body));
}

// headers lists fields; against are those of before, with which they are compared by name.
function headers(list, against) {
	const rows = list.map(([name, value]) => ["", name, value]);
	if (against) {
		const key = ([name, value]) => `${name.toLowerCase()}\n${value}`;
		const before = new Set(against.map(key)), after = new Set(list.map(key));
		for (const row of rows) if (!before.has(key([row[1], row[2]]))) row[0] = "+";
		for (const field of against) if (!after.has(key(field))) rows.push(["−", ...field]);
		rows.sort((a, b) => a[1].toLowerCase().localeCompare(b[1].toLowerCase()));
	}
	if (rows.length === 0) return h("p.soft", null, "No fields.");
	const kinds = { "+": ["added", "set by the gateway: "], "−": ["gone", "removed or replaced by the gateway: "] };
	return h("table.headers", null, h("caption.hidden", null, "Header fields"), h("tbody", null, rows.map(([sign, name, value]) =>
		h("tr", { class: kinds[sign]?.[0] }, against && h("td.sign", null, h("span", { "aria-hidden": "true" }, sign), h("span.hidden", null, kinds[sign]?.[1] ?? "")), h("th", { scope: "row" }, name), h("td", null, value)))));
}

function body(body) {
	if (!body || !(body.bytes > 0 || body.text)) return h("p.soft", null, "No body.");
	const facts = [body.media_type, body.encoding && `encoded with ${body.encoding}`, bytes(body.bytes), body.invalid_utf8 && "not all of it is UTF-8", body.truncated && "truncated: only its beginning is remembered"].filter(Boolean).join(", ");
	if (body.binary) return h("p.soft", null, `A body that is no text: ${facts}.`);
	const raw = h("button.quiet", { type: "button", on: { click: () => copy(raw, body.text) } }, "Copy");
	return h("div", null, h("div.row", null, h("h3", null, "Body"), h("span.soft", null, facts), raw), h("pre.wrap", { tabindex: 0, role: "group", "aria-label": "Body" }, pretty(body.text, body.media_type), body.truncated && h("span.soft", null, "\n… truncated")));
}
