// The routes: what the gateway serves, and what stands before each operation.
import { empty, emptyPage, fill, h, scrolling, table } from "./dom.js";
import { quoted } from "./filter.js";
import { date, plural } from "./format.js";
import { Poll, unavailable } from "./poll.js";
import { go, link } from "./router.js";

export class Routes {
	#host;
	#poll;
	#routes = [];
	#directives = [];
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
		this.#directives = answer.directives ?? [];
		if (this.#routes.length + this.#directives.length === 0) {
			return fill(this.#host, emptyPage("There are no routes yet", h("p", null, "Put a contract beside the Caddyfile, such as ", h("code", null, "api/orders/v1/openapi.yaml"), ", and give its API a block:"),
				h("pre", { tabindex: 0, role: "group", "aria-label": "Example" }, ":8080 {\n\tapi orders {\n\t\treverse_proxy localhost:9001\n\t}\n}")));
		}
		fill(this.#host, h("div.page", null, h("div.title", null, h("h1", null, "Routes"), h("p.soft", null, plural(this.#routes.length, "operation"), " and ", plural(this.#directives.length, "directive"), ", in the order in which they are asked."), this.#input), this.#body));
		this.#draw();
	}

	#draw() {
		const words = this.#search.toLowerCase().split(/\s+/).filter(Boolean);
		const found = (one) => words.every((word) => JSON.stringify(one).toLowerCase().includes(word));
		const groups = new Map();
		for (const one of this.#routes.filter(found)) {
			const name = [one.api, one.version].filter(Boolean).join(" ") || "other sites";
			groups.set(name, [...(groups.get(name) ?? []), one]);
		}
		const directives = this.#directives.filter(found);
		if (this.#routes.length + this.#directives.length === 0) return;
		if (groups.size + directives.length === 0) return fill(this.#body, empty("No route matches", h("p", null, "All of the words have to occur in it.")));
		fill(this.#body, h("div.stack", null, [...groups].map(([name, routes]) => group(name, ["Operation", "Auth", "Limits", "Checked", "Service", "Rule"], routes.map(operation))),
			directives.length > 0 && group("Directives of the sites", ["Directive", "Site", "Matchers", "APIs", "Service", "Rule"], directives.map(directive))));
	}
}

function group(name, columns, rows) {
	const list = scrolling(`Routes: ${name}`, table("", columns.map((title) => [title]), rows));
	list.classList.add("routes");
	return h("section.card", { "aria-label": name }, h("h2", null, name), list);
}

const some = (list) => (Array.isArray(list) ? list : list ? [list] : []);
const none = (text) => h("span.soft", null, text);
const lines = (list, without, kind = "") => (list.length ? list.map((text) => h("div.break", { class: kind }, text)) : none(without));

function source(source) {
	return source?.file ? h("code.soft.break", null, source.line ? `${source.file}:${source.line}` : source.file) : "";
}

function operation(one) {
	return [
		h("div", null, h("span.method", null, one.method || "any"), " ", h("a.mono.break", { href: link("requests", { filter: filterOf(one) }) }, one.template), one.deprecated && [" ", h("span.pill.warn", null, "deprecated")],
			one.sunset && h("div.warn", null, `until ${date(one.sunset)}`), one.operation && one.operation !== `${one.method} ${one.template}` && h("div.soft", null, one.operation)),
		h("div", null, !one.auth || one.auth === "none" ? none("open to all") : one.auth, some(one.scopes).map((scopes, i) => h("div.soft.break", null, i > 0 && "or ", scopes))),
		some(one.limits).length ? some(one.limits).map(limit) : none("none"),
		checked(one.schema), lines(some(one.upstream), "–", "mono"), source(one.source),
	];
}

function limit(one) {
	return h("div", null, one.quota, one.policy && one.policy !== one.quota && h("span.soft", null, ` ${one.policy}`), one.some && h("span.soft", null, " for some requests"), one.mode && one.mode !== "enforce" && h("span.warn", null, ` (${one.mode})`),
		some(one.key).length > 0 && h("div.soft.break.mono", null, one.key.join(" ")));
}

function checked(schema) {
	const parts = ["body", "parameters", "responses"].filter((part) => some(schema?.[part]).length > 0);
	if (parts.length === 0 || schema.mode === "off") return none("nothing");
	return [schema.mode === "report" && h("div.warn", null, "only reported"), parts.map((part) => h("div.break", null, part, h("span.soft", null, ` ${some(schema[part]).join(", ")}`)))];
}

function directive(one) {
	return [h("code", null, one.directive), lines([...some(one.hosts), ...some(one.listen)], "–", "mono"), lines(some(one.matchers), "every request", "mono"), lines(some(one.apis), "–"), lines(some(one.upstream), "–", "mono"), source(one.source)];
}

function filterOf(one) {
	return [one.template && `route:${quoted(one.template)}`, one.method && `method:${one.method}`].filter(Boolean).join(" ");
}
