// The configuration as it is served: expanded, without secrets, and what there is to say about it.
import { findings } from "./alerts.js";
import { copy, fill, h, scrolling, table } from "./dom.js";
import { ago, moment, plural } from "./format.js";
import { Poll, unavailable } from "./poll.js";
import { pretty } from "./pretty.js";

export class Config {
	#host;
	#context;
	#poll;
	#answer = null;
	#contracts = h("div");
	#process = h("dl.facts");

	constructor(host, context) {
		this.#host = host;
		this.#context = context;
		this.#poll = new Poll("config", 5000, (answer) => this.#show(answer), (error) => unavailable(host, error));
		this.#poll.ask();
		this.#shown = "";
	}

	#shown;

	update() {}

	state() {
		this.#drawState();
	}

	unmount() {
		this.#poll.stop();
	}

	#show(answer) {
		this.#answer = answer;
		const list = answer.findings ?? [];
		const text = typeof answer.config === "string" ? answer.config : JSON.stringify(answer.config, null, 2);
		const button = h("button", { type: "button", on: { click: () => copy(button, text) } }, "Copy");
		fill(this.#host, h("div.page", null,
			h("div.title", null, h("h1", null, "Config"), answer.caddyfile && h("code.soft.break", null, answer.caddyfile)),
			h("section.card", { "aria-label": "Process" }, h("h2", null, "Process"), this.#process),
			h("section.card", { "aria-label": "Findings" }, h("h2", null, "Findings"),
				list.length ? [h("p.soft", null, plural(list.length, "finding")), h("div.stack", null, list.map((finding) => h("div", null, finding.severity && h("div", null, h("span.pill", { class: finding.severity === "error" ? "bad" : "warn" }, finding.severity)), findings([finding]))))] : h("p", null, h("span.good", { "aria-hidden": "true" }, "✓ "), "Nothing to complain about.")),
			inferred(answer.inferred ?? []),
			h("section.card", { "aria-label": "Contracts" }, h("h2", null, "Contracts"), this.#contracts),
			h("section.card", { "aria-label": "Expanded configuration" }, h("div.title", null, h("h2", null, "Expanded"), h("p.soft", null, "What was inferred included; secrets are not shown."), button),
				text && text !== "null" ? h("pre.wrap", { tabindex: 0, role: "group", "aria-label": "Configuration" }, pretty(text, "application/json")) : h("p.soft.break", null, answer.note || "There is no configuration."))));
		this.#shown = "";
		this.#drawState();
	}

	#drawState() {
		const { process = {}, contracts = [], recording } = this.#context.state;
		const now = JSON.stringify([process, contracts, recording?.capacity]);
		if (now === this.#shown) return;
		this.#shown = now;
		const rows = [["Version", process.version], ["Generation", process.generation != null ? `${process.generation}, loaded ${ago(process.loaded_at)} (${moment(process.loaded_at)})` : ""], ["Started", process.started && moment(process.started)], ["Process id", process.pid], ["Mode", process.dev ? "development" : ""]];
		fill(this.#process, rows.filter(([, value]) => value).map(([name, value]) => [h("dt", null, name), h("dd", null, String(value))]));
		fill(this.#contracts, contracts.length ? contracts.map(contract) : h("p.soft", null, "No API has a contract."));
	}
}

// inferred lists what nobody has written: conventions that hold unless something is said.
function inferred(list) {
	if (list.length === 0) return null;
	return h("section.card", { "aria-label": "Inferred" }, h("h2", null, "Inferred"), scrolling("What was inferred", table("", [["API"], ["What"], ["For"]],
		list.map((one) => [one.api, h("span.break", null, one.text), one.source?.file ? h("code.soft.break", null, one.source.line ? `${one.source.file}:${one.source.line}` : one.source.file) : ""]))));
}

function contract(one) {
	return h("div", null, h("div.row", null, h("strong", null, [one.api, one.version].filter(Boolean).join(" ")),
		one.healthy ? h("span.pill.good", null, "✓ served as written") : h("span.pill.bad", null, one.served ? "✕ the contract before is served" : "✕ nothing is served"), h("code.soft.break", null, one.file), one.served && h("span.soft", null, `since ${moment(one.served)}`)),
		findings(one.findings), one.trouble && h("p.warn.break", null, one.trouble));
}
