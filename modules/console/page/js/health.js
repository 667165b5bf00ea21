// What the gateway depends on, and what runs out: limits, versions, services, keys, the store.
import { fill, h } from "./dom.js";
import { ago, count, plural } from "./format.js";
import { bar, keyOf } from "./limits.js";
import { Poll } from "./poll.js";
import { link } from "./router.js";
import { shares } from "./versions.js";

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

// states shows upstreams, key sets, the store and the contracts. What nobody checks is not said to be well.
function states(answer) {
	const rows = [];
	const add = (kind, name, state, text) => rows.push(h("li.state", null, h("span.pill", { class: state }, `${{ good: "✓", warn: "◐", bad: "✕", plain: "·" }[state]} ${text}`), h("span.soft", null, kind), h("span.break", null, name)));
	for (const one of answer.upstreams ?? []) {
		const busy = one.requests ? `, ${count(one.requests)} in flight` : "";
		if (one.fails > 0 && one.healthy) add("service", one.address, "warn", `${plural(one.fails, "failure")}${busy}`);
		else if (!one.healthy) add("service", one.address, "bad", `down${one.fails ? `, ${plural(one.fails, "failure")}` : ""}`);
		else if (one.checks === "none") add("service", one.address, "plain", `not checked${busy}`);
		else add("service", one.address, "good", `up${busy}`);
	}
	for (const one of answer.keys ?? []) {
		const age = one.fetched ? `, ${ago(one.fetched)}` : "";
		if (!one.usable) add("keys", one.keys, "bad", one.last_failure ? `none: ${one.last_failure}` : "none yet");
		else if (one.stale || one.last_failure) add("keys", one.keys, "warn", `${plural(one.usable, "key")}, old${age}`);
		else add("keys", one.keys, "good", `${plural(one.usable, "key")}${age}`);
	}
	if (answer.store) add("store", answer.store.up ? plural(answer.store.gateways ?? 1, "gateway") : (answer.store.problem ?? ""), answer.store.up ? "good" : "bad", answer.store.up ? "up" : "down");
	for (const one of answer.contracts ?? []) add("contract", [one.api, one.version].filter(Boolean).join(" "), one.healthy ? "good" : "bad", one.healthy ? "served as written" : "cannot be served");
	return rows.length ? h("ul.plain", null, rows) : null;
}
