// The limits: what each policy decided, and which keys are nearest to empty.
import { emptyPage, fill, h, scrolling, table } from "./dom.js";
import { count, percent, plural } from "./format.js";
import { Poll, unavailable } from "./poll.js";
import { link } from "./router.js";

// bar shows how much is left, as a number and as a bar.
export function bar(nearest) {
	const left = nearest.limit > 0 ? nearest.remaining / nearest.limit : 0;
	return h("div.left", null, h("span.number", null, `${count(nearest.remaining)} of ${count(nearest.limit)} left`),
		h("span.share", { "aria-hidden": "true" }, h("span.fill", { class: left <= 0 ? "c4" : left < .25 ? "c2" : "c1", style: { "--part": `${Math.max(2, 100 * left)}%` } })));
}

export const keyOf = (nearest) => h("code.break", { title: nearest.hashed ? "A hash of the key: gateway limits look prints the same digits" : "" }, nearest.key, nearest.hashed && h("span.soft", null, " hashed"));

export class Limits {
	#host;
	#poll;

	constructor(host) {
		this.#host = host;
		this.#poll = new Poll("limits", 2000, (answer) => this.#show(answer), (error) => unavailable(host, error));
		this.#poll.ask();
	}

	update() {}

	unmount() {
		this.#poll.stop();
	}

	#show(answer) {
		const policies = answer.policies ?? [];
		if (policies.length === 0) {
			return fill(this.#host, emptyPage("There are no limits yet", h("p", null, "One line limits every caller, here to 100 requests a minute by the verified user:"),
				h("pre", { tabindex: 0, role: "group", "aria-label": "Example" }, "ratelimit 100/1m {http.auth.user.id}")));
		}
		fill(this.#host, h("div.page", null, h("div.title", null, h("h1", null, "Limits"), h("p.soft", null, plural(policies.length, "policy", "policies")), store(answer.store)), policies.map((one, i) => policy(one, `${one.policy}, ${i + 1} of ${policies.length}`))));
	}
}

function store(store) {
	if (!store) return h("span.pill.plain", null, "counted in this process");
	return store.up ? h("span.pill.good", null, "✓ shared store up") : h("span.pill.bad", null, `✕ shared store down${store.problem ? `: ${store.problem}` : ""}`);
}

// policy shows one; label names it among others, of which some may have its name.
function policy(one, label) {
	const d = one.decisions ?? {};
	const all = (d.passed ?? 0) + (d.refused ?? 0) + (d.reported ?? 0);
	const rows = [
		["Quota", one.quota ? `${one.quota}${one.burst ? `, at most ${count(one.burst)} at once` : ""}` : one.concurrency ? `${count(one.concurrency)} at once` : ""],
		["In flight", one.concurrency ? count(one.in_flight) : ""], ["Key", one.key?.length ? h("code", null, one.key.join(" ")) : ""],
		["Tiers", one.tiers?.length ? `${one.tiers.map((tier) => `${tier.value}: ${tier.quota}`).join(", ")} by ${one.tier_by ?? ""}` : ""],
		["Store", [one.store && one.store !== "memory" ? one.store : "", one.on_error && `on error ${one.on_error}`].filter(Boolean).join(", ")],
		["Keys", one.keys != null ? `${count(one.keys)}${one.max_keys ? ` of at most ${count(one.max_keys)}` : ""}${one.evicted ? `, ${count(one.evicted)} forgotten too early` : ""}` : ""],
		["Decided", `${count(d.passed)} passed, ${count(d.refused)} refused (${percent(d.refused ?? 0, all)})${d.reported ? `, ${count(d.reported)} reported` : ""}${d.alone ? `, ${count(d.alone)} without the store` : ""}`],
	];
	const nearest = one.nearest ?? [];
	return h("section.card", { "aria-label": `Policy ${label}` },
		h("div.title", null, h("h2", null, one.policy || "ratelimit"), one.mode && one.mode !== "enforce" && h("span.pill.warn", null, one.mode === "report" ? "◐ only reports" : one.mode), h("code.soft.break", null, one.source),
			d.refused > 0 && h("a", { href: link("requests", { filter: "reason:limit.*" }) }, "Refused requests")),
		h("dl.facts", null, rows.filter(([, value]) => value).map(([name, value]) => [h("dt", null, name), h("dd", null, value)])),
		nearest.length > 0 ? h("div", { class: "nearest" }, scrolling(`Keys of ${label} nearest to empty`, table("Nearest to empty", [["Key"], ["Left"], ["Full again", "number"], ["Tier"]],
			nearest.map((n) => [keyOf(n), bar(n), n.reset_seconds != null ? `in ${count(n.reset_seconds)} s` : "", n.tier ?? ""]))), one.looked_at < one.keys && h("p.soft", null, `Only ${count(one.looked_at)} keys were looked at.`))
			: h("p.soft", null, "No key has used up more than half."));
}
