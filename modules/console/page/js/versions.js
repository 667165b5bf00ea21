// The versions of the APIs: who uses which, and how long each will live.
import { emptyPage, fill, h, scrolling, table } from "./dom.js";
import { ago, count, date, moment, percent, plural, span } from "./format.js";
import { Poll, unavailable } from "./poll.js";
import { link } from "./router.js";

const states = { active: ["✓", "good"], deprecated: ["◐", "warn"], sunset: ["✕", "bad"], gone: ["✕", "bad"], brownout: ["◐", "warn"] };

// countdown says how long it is until a version is switched off.
export function countdown(version) {
	if (!version.sunset) return "";
	const left = new Date(version.sunset) - Date.now();
	if (left <= 0) return h("span.bad", null, `switched off since ${date(version.sunset)}`);
	return h("span", { class: left < 30 * 864e5 ? "bad" : "warn" }, `switched off in ${span(left)}`, h("span.soft", null, ` (${date(version.sunset)})`));
}

// shares shows which part of the requests each version of an API has.
export function shares(api) {
	const all = api.versions.reduce((sum, version) => sum + version.requests, 0);
	return h("div.stack", null, api.versions.map((version, i) => h("div", null,
		h("div.row.between", null, h("strong", null, version.version), h("span.number", null, `${percent(version.requests, all)} `, h("span.soft", null, plural(version.requests, "request")))),
		h("span.share", { "aria-hidden": "true" }, h("span.fill", { class: i % 2 ? "c3" : "c1", style: { "--part": all ? `${(100 * version.requests) / all}%` : "0%" } })),
		h("div.row", null, state(version), countdown(version)))));
}

function state(version) {
	const [mark, kind] = states[version.state] ?? ["·", "plain"];
	return h("span.pill", { class: kind }, h("span", { "aria-hidden": "true" }, `${mark} `), version.state);
}

export class Versions {
	#host;
	#poll;

	constructor(host) {
		this.#host = host;
		this.#poll = new Poll("versions", 5000, (answer) => this.#show(answer), (error) => unavailable(host, error));
		this.#poll.ask();
	}

	update() {}

	unmount() {
		this.#poll.stop();
	}

	#show(answer) {
		const apis = (answer.apis ?? []).filter((api) => api.versions?.length);
		if (apis.length === 0) {
			return fill(this.#host, emptyPage("No API has versions yet", h("p", null, "A second folder beside the first makes one, such as ", h("code", null, "api/orders/v2/openapi.yaml"), ". What lives how long stands in the block of the API:"),
				h("pre", { tabindex: 0, role: "group", "aria-label": "Example" }, "versioning {\n\tdefault v2\n\tversion v1 {\n\t\tdeprecated 2026-12-01\n\t\tsunset 2027-06-30\n\t}\n}")));
		}
		fill(this.#host, h("div.page", null, h("h1", null, "Versions"), apis.map((api) => this.#api(api))));
	}

	#api(api) {
		return h("section.card", { "aria-label": api.api }, h("div.title", null, h("h2", null, api.api), api.since && h("p.soft", null, `counted since ${moment(api.since)}`)), shares(api),
			api.versions.map((version) => this.#version(api, version)));
	}

	#version(api, version) {
		const consumers = version.consumers ?? [];
		const facts = [version.deprecated && `deprecated ${new Date(version.deprecated) > Date.now() ? "from" : "since"} ${date(version.deprecated)}`, version.successor && `successor ${version.successor}`, version.last_seen && `last used ${ago(version.last_seen)}`,
			version.refused ? `${count(version.refused)} refused` : "", version.anonymous ? `${count(version.anonymous)} by nobody in particular` : "",
			...(version.brownouts ?? []).map((b) => `brownout ${moment(b.start)} to ${moment(b.end)}`)].filter(Boolean);
		if (consumers.length === 0 && facts.length === 0) return null;
		return h("details.consumers", { open: version.state !== "active" && consumers.length > 0 }, h("summary", null, `${version.version}: `, facts.join(", ") || plural(consumers.length, "consumer")),
			consumers.length > 0 ? scrolling(`Consumers of ${api.api} ${version.version}`, table("Who uses it most", [["Consumer"], ["Requests", "number"], ["Last", "number"]],
				consumers.map((c) => [h("a.break", { href: link("requests", { filter: `consumer:"${c.consumer.replaceAll(/["\\]/g, "\\$&")}" version:${version.version}` }) }, c.consumer), `${c.at_most_over ? "≈ " : ""}${count(c.requests)}`, ago(c.last_seen)]))) : h("p.soft", null, "Nobody that is known has used it."));
	}
}
