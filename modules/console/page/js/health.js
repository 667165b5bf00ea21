// What the gateway depends on, and what runs out: limits, versions, services, keys, the store.
import { fill, h } from "./dom.js";
import { ago, count, plural } from "./format.js";
import { bar, keyOf } from "./limits.js";
import { Poll } from "./poll.js";
import { link } from "./router.js";
import { shares } from "./versions.js";

const good = new Set(["ok", "up", "healthy", "fresh", "live", "good"]);

export class Health {
	element;
	#polls;

	constructor() {
		const limits = h("section.card", { "aria-label": "Limits nearest to empty", hidden: true });
		const versions = h("section.card", { "aria-label": "Versions in use", hidden: true });
		const health = h("section.card", { "aria-label": "Services and keys", hidden: true });
		this.element = h("div.cards.wide", null, limits, versions, health);
		const show = (card, title, to, content) => {
			card.hidden = !content;
			fill(card, content && [h("div.title", null, h("h2", null, title), to && h("a", { href: link(to) }, "All")), content]);
		};
		this.#polls = [
			new Poll("limits", 5000, (answer) => show(limits, "Limits nearest to empty", "limits", nearest(answer)), () => show(limits)),
			new Poll("versions", 5000, (answer) => show(versions, "Versions in use", "versions", used(answer)), () => show(versions)),
			new Poll("health", 5000, (answer) => show(health, "Services and keys", "", states(answer)), () => show(health)),
		];
		for (const poll of this.#polls) poll.ask();
	}

	stop() {
		for (const poll of this.#polls) poll.stop();
	}
}

function nearest(answer) {
	const policies = answer.policies ?? [];
	if (policies.length === 0) return null;
	const list = policies.flatMap((policy) => (policy.nearest ?? []).map((one) => ({ ...one, policy: policy.policy })));
	list.sort((a, b) => a.remaining / a.limit - b.remaining / b.limit);
	if (list.length === 0) return h("p.soft", null, `${plural(policies.length, "policy", "policies")}; no key has used up more than half.`);
	return h("ul.plain", null, list.slice(0, 6).map((one) => h("li", null, h("div.row.between", null, h("span", null, h("strong", null, one.policy), " ", keyOf(one))), bar(one))));
}

function used(answer) {
	const apis = (answer.apis ?? []).filter((api) => api.versions?.length);
	if (apis.length === 0) return null;
	return h("div.stack", null, apis.slice(0, 4).map((api) => h("div", null, h("h3", null, api.api), shares(api))));
}

// states shows upstreams, key sets, the store and the contracts, in the words of the gateway.
function states(answer) {
	const rows = [];
	const add = (kind, name, ok, text) => rows.push(h("li.state", null, h("span.pill", { class: ok ? "good" : "bad" }, ok ? "✓ " : "✕ ", text), h("span.soft", null, kind), h("span.break", null, name)));
	for (const one of answer.upstreams ?? []) {
		const ok = one.healthy ?? !(one.fails > 0);
		add("service", one.address ?? one.upstream, ok, ok ? (one.num_requests || one.requests ? `up, ${count(one.num_requests ?? one.requests)} in flight` : "up") : one.fails ? `failing, ${plural(one.fails, "failure")}` : "down");
	}
	for (const one of answer.keys ?? answer.key_sets ?? []) {
		const word = one.state ?? (one.healthy ? "fresh" : "unavailable");
		add("keys", one.issuer ?? one.source, one.healthy ?? good.has(word), one.fetched ? `${word}, ${ago(one.fetched)}` : one.age_s != null ? `${word}, ${count(Math.round(one.age_s))} s old` : word);
	}
	if (answer.store) add("store", answer.store.problem ?? "", answer.store.up, answer.store.up ? "up" : "down");
	for (const one of answer.contracts ?? []) add("contract", [one.api, one.version].filter(Boolean).join(" "), one.healthy, one.healthy ? "served as written" : "cannot be served");
	return rows.length ? h("ul.plain", null, rows) : null;
}
