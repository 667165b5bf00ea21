// The way of a request through the steps: verdict, duration, reason, what was changed, and where the rule stands.
import { h } from "./dom.js";
import { ms, verdicts } from "./format.js";

const where = {
	"request.header": "request field", "request.path": "path", "request.body": "request body", "request.query": "query",
	"response.header": "response field", "response.body": "response body",
};

// steps shows the split between gateway and service, and the steps with bars by the longest of them.
export function steps(detail) {
	const list = detail.steps ?? [];
	const longest = Math.max(...list.map((step) => step.ms ?? 0), 0.001);
	const all = detail.own_ms + detail.upstream_ms || 1;
	const own = (100 * detail.own_ms) / all;
	const rest = detail.own_ms - list.filter((step) => !step.response).reduce((sum, step) => sum + (step.ms ?? 0), 0);
	return [
		h("div.track", { "aria-hidden": "true" }, h("span.fill.c1", { style: { "--part": `${own}%` } }), h("span.fill.service", { style: { "--part": `${100 - own}%` } })),
		h("p.key", null, h("span", null, h("span.swatch.c1", { "aria-hidden": "true" }), `gateway ${ms(detail.own_ms)}`), h("span", null, h("span.swatch.service", { "aria-hidden": "true" }), detail.upstream_ms > 0 ? `service and answer ${ms(detail.upstream_ms)}` : "the service was not asked"),
			detail.stream && h("span.soft", null, `then a stream (${detail.stream})${detail.life_ms ? ` for ${ms(detail.life_ms)}` : detail.outcome === "open" ? ", open" : ""}`)),
		list.length ? h("ol.steps", null, list.map((step) => h("li", null, one(step, longest)))) : h("p.soft", null, "No step decided anything."),
		rest > .05 && h("p.soft", null, `${ms(rest)} of the gateway's time lie between the steps: reading the request and other directives.`),
	];
}

function one(step, longest) {
	const verdict = verdicts[step.verdict] ?? { mark: "?", word: step.verdict, kind: "soft" };
	const line = [
		h("span", null, h("strong", null, step.policy), step.name && ` ${step.name}`, step.response && h("span.soft", null, " on the response")),
		h("span.verdict", { class: verdict.kind }, h("span.mark", { "aria-hidden": "true" }, verdict.mark), ` ${verdict.word}`, step.changes?.length ? h("span.soft", null, ` · ${step.changes.length} changed`) : ""),
		h("span.gauge", { "aria-hidden": "true" }, h("span.fill", { class: verdict.kind === "bad" ? "c4" : verdict.kind === "warn" ? "c2" : "c1", style: { "--part": `${(100 * (step.ms ?? 0)) / longest}%` } })),
		h("span.ms", null, ms(step.ms)),
	];
	const inside = [
		step.reason && h("p", null, h("span.reason", { class: verdict.kind }, step.reason), step.detail && h("span.break", null, ` – ${step.detail}`)),
		!step.reason && step.detail && h("p.break", null, step.detail),
		step.cause && h("p.break", null, h("span.soft", null, "Cause: "), step.cause),
		...(step.changes ?? []).map(change),
		step.source?.file && h("p.soft", null, "Rule: ", h("code.break", null, step.source.line ? `${step.source.file}:${step.source.line}` : step.source.file)),
	].filter(Boolean);
	if (inside.length === 0) return h("div.step", null, h("div.line", null, line));
	return h("details.step", { open: step.verdict === "refused" || step.verdict === "reported" || Boolean(step.changes?.length) },
		h("summary", null, line), h("div.inside", null, inside));
}

// change shows what was before and what is after. Long texts are shown from a little before the first difference.
function change(change) {
	const before = change.before ?? "", after = change.after ?? "";
	const title = `${where[change.where] ?? change.where}${change.name ? ` ${change.name}` : ""}`;
	return h("div", null, h("p.soft.break", null, title), h("div.change", null,
		change.before != null && change.before !== "" && h("del", null, h("span.hidden", null, "before: "), clip(before, after)),
		change.after != null && change.after !== "" && h("ins", null, h("span.hidden", null, "after: "), clip(after, before)),
		!before && !after && h("span.soft", null, "empty")));
}

const room = 2000;

function clip(text, against) {
	if (text.length <= room) return text;
	let same = 0;
	while (same < text.length && text[same] === against[same]) same++;
	const from = Math.max(0, same - 200);
	return (from ? "…" : "") + text.slice(from, from + room) + (from + room < text.length ? "…" : "");
}
