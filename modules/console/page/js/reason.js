// The page about a reason: what it means and what to do. The text is the catalogue's.
import { reasons } from "./api.js";
import { empty, fill, h } from "./dom.js";
import { link } from "./router.js";

// prose shows the catalogue's text: paragraphs, and code between back quotes.
export function prose(text) {
	return (text ?? "").split(/\n{2,}/).map((paragraph) =>
		h("p", null, paragraph.split(/(`[^`]+`)/).map((part) => (part.length > 2 && part.startsWith("`") && part.endsWith("`") ? h("code", null, part.slice(1, -1)) : part.replaceAll("\n", " ")))));
}

export class Reason {
	#host;

	constructor(host) {
		this.#host = host;
	}

	async update(route) {
		const all = await reasons().catch(() => new Map());
		const reason = all.get(route.id);
		fill(this.#host, h("div.page", null, reason ? this.#page(reason) : this.#list(route.id, all)));
	}

	#page(reason) {
		return [
			h("div.title", null, h("h1", null, reason.title), h("code.soft", null, reason.code)),
			h("article.card", null,
				h("p", null, h("strong", null, "What to do: "), reason.hint),
				h("p", null, `Clients get status ${reason.status}.`, reason.public && [" They are told only ", h("code", null, reason.public), ", which helps no attacker."]),
				prose(reason.about)),
			h("p", null, h("a", { href: link("requests", { filter: `reason:${reason.code}` }) }, "Requests with this reason"), " · ", h("a", { href: link("reasons") }, "All reasons")),
		];
	}

	#list(id, all) {
		if (all.size === 0) return empty("The reasons cannot be read", h("p", null, "The console does not answer."));
		return [h("h1", null, id ? `There is no reason ${id}` : "All reasons"),
			h("div.card", null, h("dl.facts.list", null, [...all.values()].map((reason) => [h("dt", null, h("a", { href: link(`reasons/${encodeURIComponent(reason.code)}`) }, h("code", null, reason.code))), h("dd", null, `${reason.status} ${reason.title}`)])))];
	}

	unmount() {}
}
