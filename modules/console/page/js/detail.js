// One request: what it was, what became of it and why, what every step did, and what was sent.
import { get, reasons } from "./api.js";
import { curl } from "./curl.js";
import { copy, fill, h, say, scrolling, table } from "./dom.js";
import { bytes, ms, outcomes, statusKind, time } from "./format.js";
import { messages } from "./message.js";
import { edit, replay } from "./replay.js";
import { link } from "./router.js";
import { steps } from "./steps.js";
import { prose } from "./reason.js";

export class Detail {
	element;
	#context;
	#back;
	#id = null;
	#shown = null; // what is shown, as JSON
	#detail = null;
	#copyButton = null;

	constructor(context, back) {
		this.#context = context;
		this.#back = back;
		this.element = h("section.detail", { "aria-label": "Request", tabindex: -1 });
	}

	close() {
		this.#id = null;
		this.element.remove();
	}

	async show(id) {
		const other = this.#id !== id;
		this.#id = id;
		if (other) this.#shown = null;
		let detail, catalogue;
		try {
			[detail, catalogue] = await Promise.all([get(`requests/${encodeURIComponent(id)}`), reasons().catch(() => new Map())]);
		} catch (error) {
			if (this.#id !== id) return;
			this.#detail = null;
			fill(this.element, h("div.empty", null, h("h2", null, error.status === 404 ? "This request is not remembered any more" : "The request cannot be shown"),
				h("p", null, error.status === 404 ? "The last 500 requests are remembered. Its id may still be in the log:" : error.message), h("code.break", null, id),
				h("button", { type: "button", on: { click: this.#back } }, "Back to the list")));
			return;
		}
		if (this.#id !== id) return;
		const text = JSON.stringify(detail);
		if (text === this.#shown) return; // what stands still can be read and copied from
		this.#shown = text;
		this.#detail = detail;
		fill(this.element, this.#article(detail, catalogue));
		if (other) this.element.scrollTop = 0;
		say(`${detail.method} ${detail.path}: ${detail.status || ""} ${detail.reason || (outcomes[detail.outcome]?.word ?? "")}`);
	}

	// refresh asks again for a request that was not over when it was shown.
	refresh(row) {
		if (this.#detail && this.#detail.outcome === "open" && row.outcome !== "open") this.show(this.#id);
	}

	replay() {
		if (this.#detail) replay(this.#context, this.#detail, {});
	}

	curl() {
		if (this.#detail) copy(this.#copyButton, curl(this.#detail).text);
	}

	#article(detail, catalogue) {
		const outcome = outcomes[detail.outcome] ?? { mark: "?", word: detail.outcome, kind: "plain" };
		this.#copyButton = h("button", { type: "button", title: "Copy as curl (c)", on: { click: () => this.curl() } }, "Copy as curl");
		return h("article", null,
			h("div.row", null, h("button.quiet", { type: "button", on: { click: this.#back } }, "← All requests"),
				h("button.main", { type: "button", title: "Replay (r)", on: { click: () => this.replay() } }, "Replay"),
				h("button", { type: "button", on: { click: () => edit(this.#context, detail) } }, "Edit and replay"),
				this.#copyButton, h("a.button", { href: `api/requests/${encodeURIComponent(detail.id)}/har`, download: "request.har" }, "HAR")),
			h("div.what", null,
				h("h1", null, h("span", { class: statusKind(detail.status) }, detail.status ? `${detail.status} ` : ""), `${detail.method} ${detail.request?.target ?? detail.path}`),
				h("div.row", null, h("span.pill", { class: outcome.kind }, h("span", { "aria-hidden": "true" }, `${outcome.mark} `), outcome.word), h("span.soft", null, time(detail.at)), h("span.soft", null, ms(detail.total_ms)),
					detail.stream && h("span.pill.plain", null, detail.stream),
					detail.replay_of && h("a", { href: link(`requests/${encodeURIComponent(detail.replay_of)}`) }, "replay of an earlier request"))),
			this.#why(detail, catalogue),
			violations(detail),
			h("section.card", { "aria-label": "Steps" }, h("h2", null, "Where the time went"), steps(detail)),
			h("section.card", { "aria-label": "Messages" }, messages(detail)),
			h("section.card", { "aria-label": "Facts" }, h("h2", null, "Facts"), facts(detail)));
	}

	#why(detail, catalogue) {
		const told = detail.steps?.filter((step) => step.reason) ?? [];
		const code = detail.reason || told[0]?.reason;
		if (!code) return null;
		const step = told.find((step) => step.reason === code);
		const reason = catalogue.get(code);
		return h("section.card.why", { class: detail.outcome === "reported" ? "warn" : "", "aria-label": "Why" },
			h("h2", null, reason?.title ?? code, " ", h("span.reason.soft", null, code)),
			step?.detail && h("p.break", null, step.detail),
			step?.cause && h("p.break", null, h("span.soft", null, "Cause: "), step.cause),
			reason && h("p", null, h("span.soft", null, "What to do: "), reason.hint),
			reason?.public && h("p.soft", null, "The client was told only ", h("code", null, reason.public), "."),
			reason && h("details", null, h("summary", null, "More about this reason"), prose(reason.about)),
			h("p", null, h("a", { href: link("requests", { filter: `reason:${code}` }) }, "Requests with this reason"), " · ", h("a", { href: link(`reasons/${encodeURIComponent(code)}`) }, "Its page")));
	}
}

function violations(detail) {
	if (!detail.violations?.length) return null;
	const columns = [["Place", (v) => h("code.break", null, v.place)], ["Rule", (v) => h("code", null, v.rule)], ["Message", (v) => h("span.break", null, v.message)]];
	if (detail.violations.some((v) => v.hint)) columns.push(["Hint", (v) => (v.hint ? h("span.break", null, v.hint) : "")]);
	return h("section.card", { "aria-label": "Broken rules" }, h("h2", null, "Broken rules"),
		scrolling("All broken rules", table("", columns.map(([title]) => [title]), detail.violations.map((v) => columns.map(([, cell]) => cell(v))))),
		detail.more > 0 && h("p.soft", null, `and ${detail.more} more`));
}

function facts(detail) {
	const rows = [
		["Request id", h("code", null, detail.id)], ["API", [detail.api, detail.version].filter(Boolean).join(" ")], ["Operation", detail.operation], ["Template", detail.template],
		["Consumer", detail.consumer], ["Canary group", detail.group], ["Host", detail.host], ["Client", [detail.client_ip, detail.remote !== detail.client_ip && detail.remote && `from ${detail.remote}`].filter(Boolean).join(", ")],
		["Protocol", detail.proto], ["Trace id", detail.trace_id && h("code", null, detail.trace_id)], ["Received", bytes(detail.bytes_in)], ["Sent", bytes(detail.bytes_out)],
		["Masked", detail.masked?.length ? detail.masked.join(", ") : ""],
	];
	return h("dl.facts", null, rows.filter(([, value]) => value).map(([name, value]) => [h("dt", null, name), h("dd", null, value)]));
}
