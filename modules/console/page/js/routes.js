// The routes: what the gateway serves, and what stands before each operation.
import { empty, emptyPage, fill, h, scrolling, table } from "./dom.js";
import { plural } from "./format.js";
import { Poll, unavailable } from "./poll.js";
import { go, link } from "./router.js";

export class Routes {
	#host;
	#poll;
	#routes = [];
	#search = "";
	#body = h("div");
	#input;

	constructor(host) {
		this.#host = host;
		this.#input = h("input", { id: "find-route", type: "search", placeholder: "Method, path, scope or policy", "aria-label": "Find a route", autocomplete: "off", spellcheck: "false",
			on: { input: () => go("routes", { find: this.#input.value.trim() }, true) } });
		this.#poll = new Poll("routes", 5000, (answer) => this.#show(answer), (error) => unavailable(host, error));
		this.#poll.ask();
	}

	update(route) {
		this.#search = route.query.find ?? "";
		if (this.#input.value.trim() !== this.#search) this.#input.value = this.#search;
		this.#draw();
	}

	key(event) {
		if (event.key !== "/") return false;
		this.#input.focus();
		return true;
	}

	unmount() {
		this.#poll.stop();
	}

	#show(answer) {
		this.#routes = answer.routes ?? [];
		if (this.#routes.length === 0) {
			return fill(this.#host, emptyPage("There are no routes yet", h("p", null, "Put a contract beside the Caddyfile, such as ", h("code", null, "api/orders/v1/openapi.yaml"), ", and give its API a block:"),
				h("pre", { tabindex: 0, role: "group", "aria-label": "Example" }, ":8080 {\n\tapi orders {\n\t\treverse_proxy localhost:9001\n\t}\n}")));
		}
		fill(this.#host, h("div.page", null, h("div.title", null, h("h1", null, "Routes"), h("p.soft", null, plural(this.#routes.length, "operation")), this.#input), this.#body));
		this.#draw();
	}

	#draw() {
		const words = this.#search.toLowerCase().split(/\s+/).filter(Boolean);
		const groups = new Map();
		for (const one of this.#routes) {
			const text = JSON.stringify(one).toLowerCase();
			if (!words.every((word) => text.includes(word))) continue;
			const name = [one.api, one.version].filter(Boolean).join(" ") || "other sites";
			groups.set(name, [...(groups.get(name) ?? []), one]);
		}
		fill(this.#body, groups.size === 0 && this.#routes.length > 0 ? empty("No route matches", h("p", null, "All of the words have to occur in it.")) : h("div.stack", null, [...groups].map(([name, routes]) => this.#group(name, routes))));
	}

	#group(name, routes) {
		const list = scrolling(`Routes of ${name}`, table("", [["Operation"], ["Auth"], ["Limits"], ["Checked"], ["Service"], ["Rule"]], routes.map(cells)));
		list.classList.add("routes");
		return h("section.card", { "aria-label": name }, h("h2", null, name), list);
	}
}

const some = (list) => (Array.isArray(list) ? list : list ? [list] : []);

function cells(one) {
	const checked = one.schema ? Object.entries(one.schema).filter(([, value]) => value && value !== "off").map(([what, value]) => (value === true || value === "enforce" ? what : `${what} (${value})`)) : [];
	return [
		h("div", null, h("span.method", null, one.method || "any"), " ", h("a.mono.break", { href: link("requests", { filter: filterOf(one) }) }, one.template), one.deprecated && [" ", h("span.pill.warn", null, "deprecated")],
			one.operation && one.operation !== `${one.method} ${one.template}` && h("div.soft", null, one.operation)),
		h("div", null, auth(one.auth), some(one.scopes).length > 0 && h("div.soft.break", null, some(one.scopes).join(" "))),
		some(one.limits).length ? some(one.limits).map((limit) => h("div", null, limit.quota ?? "", " ", h("span.soft", null, limit.policy))) : h("span.soft", null, "none"),
		checked.length ? checked.map((what) => h("div", null, what)) : h("span.soft", null, "nothing"),
		some(one.upstream).length ? some(one.upstream).map((to) => h("div.mono.break", null, to)) : h("span.soft", null, "–"),
		one.source?.file ? h("code.soft.break", null, one.source.line ? `${one.source.file}:${one.source.line}` : one.source.file) : "",
	];
}

function auth(value) {
	if (!value || value === "none" || value === "off") return h("span.soft", null, "open to all");
	return typeof value === "string" ? value : value === true ? "token" : some(value).join(", ");
}

function filterOf(one) {
	return [one.template && `route:"${one.template}"`, one.method && `method:${one.method}`].filter(Boolean).join(" ");
}
