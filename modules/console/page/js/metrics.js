// The last hour in numbers, without any other system: traffic, refusals by reason, and the three durations.
import { Chart } from "./charts.js";
import { copyable, empty, fill, h, scrolling, table } from "./dom.js";
import { ago, count, digits, moment, ms, percent } from "./format.js";
import { Health } from "./health.js";
import { Poll, unavailable } from "./poll.js";
import { go, link } from "./router.js";

const ranges = { 5: ["5 min", 5], 15: ["15 min", 15], 60: ["60 min", 30] }; // minutes: name, seconds a column
const rate = (value) => `${digits(value)}/s`;
const inks = ["c4", "c1", "c2", "c3", "c5", "c7", "c6"];

export class Metrics {
	#host;
	#context;
	#poll;
	#query = {};
	#charts;
	#parts = null;
	#health = null;

	constructor(host, context) {
		this.#host = host;
		this.#context = context;
		this.#charts = {
			traffic: new Chart({ title: "Requests", hint: "by the second", unit: rate }),
			reasons: new Chart({ title: "Refused and failed, by reason", hint: "by the second, stacked; choose a reason to see its requests", unit: rate, stacked: true }),
			total: new Chart({ title: "Duration in all", hint: "gateway and service; up to 6 % off", unit: ms }),
			own: new Chart({ title: "Gateway's own", hint: "up to the last step", unit: ms }),
			upstream: new Chart({ title: "Service", hint: "and writing the answer", unit: ms }),
			load: new Chart({ title: "In flight", hint: "the most at once, and open streams", unit: (value) => count(Math.round(value)), whole: true }),
		};
		this.#poll = new Poll("metrics", 2000, (answer) => this.#show(answer), (error) => unavailable(host, error));
	}

	update(route) {
		this.#query = route.query;
		const minutes = ranges[route.query.minutes] ? route.query.minutes : "15";
		const { api = "", version = "", route: template = "", method = "" } = route.query;
		this.#poll.parameters = { minutes, step: ranges[minutes][1], api, version, route: template, method };
		this.#poll.again();
	}

	unmount() {
		this.#poll.stop();
		this.#health?.stop();
		for (const chart of Object.values(this.#charts)) chart.destroy();
	}

	theme() {
		for (const chart of Object.values(this.#charts)) chart.redraw();
	}

	state(state) {
		if (this.#parts) fill(this.#parts.scope, this.#scope(state.process ?? {}));
	}

	#choose(change) {
		go("metrics", { ...this.#query, ...change }, true);
	}

	#show(answer) {
		if (!this.#parts) this.#build();
		const { series: s, totals: t } = answer;
		this.#parts.since = answer.scope?.since;
		fill(this.#parts.scope, this.#scope(this.#context.state.process ?? {}));
		fill(this.#parts.choices, this.#choices(answer));
		const nothing = t.requests === 0;
		const chosen = ["api", "version", "route", "method"].some((name) => this.#query[name]);
		fill(this.#parts.nothing, nothing && (chosen
			? h("p.note", null, "No request of what is chosen ended in this time. ", h("button", { type: "button", on: { click: () => this.#choose({ api: "", version: "", route: "", method: "" }) } }, "Show everything"))
			: empty("No requests in this time", h("p", null, "The numbers fill by themselves as soon as a request ends, the charts every five seconds. Send one:"), copyable(`curl -i ${this.#context.example()}`))));
		this.#parts.page.classList.toggle("idle", nothing && !chosen);
		fill(this.#parts.tiles, tiles(answer));
		this.#charts.traffic.show({ time: s.time, series: [
			{ name: "all", color: "c1", values: s.rate, area: true }, { name: "client errors (4xx)", color: "c2", values: s.client_errors }, { name: "errors (5xx, cut off)", color: "c4", values: s.errors }] });
		this.#charts.reasons.show({ time: s.time, series: Object.entries(s.reasons).sort(([a], [b]) => (t.reasons[b] ?? 0) - (t.reasons[a] ?? 0) || a.localeCompare(b)).map(([name, values], i) => (
			{ name, color: inks[i % inks.length], values, href: link("requests", { filter: `reason:${name}` }) })) });
		for (const part of ["total", "own", "upstream"]) {
			this.#charts[part].show({ time: s.time, series: [["p50", "c1"], ["p95", "c2"], ["p99", "c5"]].map(([name, ink]) => ({ name, color: ink, values: s[name][part] })) });
		}
		this.#charts.load.show({ time: s.time, series: [{ name: "requests", color: "c1", values: s.in_flight }, { name: "streams", color: "c3", values: s.streams }] });
		fill(this.#parts.routes, routes(answer, (change) => this.#choose(change)));
		fill(this.#parts.reported, reported(t.reported));
	}

	#build() {
		const part = (kind) => h("div", { class: kind });
		this.#parts = { scope: h("p.soft"), choices: part("choices"), tiles: part("tiles"), nothing: part(""), routes: part(""), reported: part("") };
		const c = this.#charts;
		this.#health = new Health();
		fill(this.#host, this.#parts.page = h("div.page", null,
			h("div.title", null, h("h1", null, "Metrics"), this.#parts.scope), this.#parts.choices, this.#parts.nothing, this.#parts.tiles,
			h("div.charts", null, c.traffic.element, c.reasons.element), this.#parts.reported,
			h("div.charts.three", null, c.total.element, c.own.element, c.upstream.element),
			h("div.charts", null, this.#parts.routes, c.load.element),
			this.#health.element));
	}

	#scope(process) {
		return [`This process, since ${moment(this.#parts.since ?? process.started)}.`, process.generation != null && ` Config generation ${process.generation}, loaded ${ago(process.loaded_at)}.`];
	}

	#choices(answer) {
		const d = answer.dimensions;
		const select = (name, label, values) => {
			const chosen = this.#query[name] ?? "";
			const list = chosen && !values.includes(chosen) ? [chosen, ...values] : values;
			return h("label.field", null, label, h("select", { on: { change: (event) => this.#choose({ [name]: event.target.value, ...(name === "route" ? { method: "" } : {}) }) } },
				h("option", { value: "" }, "all"), list.map((value) => h("option", { value, selected: value === chosen }, name === "route" && this.#query.method && value === chosen ? `${this.#query.method} ${value}` : value))));
		};
		const range = this.#poll.parameters.minutes;
		return [
			h("div.segments", { role: "group", "aria-label": "Time" }, Object.entries(ranges).map(([minutes, [name]]) => h("button", { type: "button", "aria-pressed": String(minutes === range), on: { click: () => this.#choose({ minutes }) } }, name))),
			select("api", "API", d.apis), select("version", "Version", d.versions), select("route", "Route", d.routes),
		];
	}
}

function tiles(answer) {
	const { totals: t, series: s } = answer;
	const newest = s.rate.findLast((value) => value != null);
	const tile = (name, value, more) => h("div.tile", null, h("dt", null, name), h("dd", null, value), more && h("dd.soft", null, more));
	const refused = Object.values(t.reasons).reduce((sum, n) => sum + n, 0);
	return h("dl.tilelist", null,
		tile("Requests", count(t.requests), newest == null ? "" : `${rate(newest)} now`),
		tile("Errors", percent(t.errors, t.requests), `${count(t.errors)} × 5xx or cut off`),
		tile("Client errors", percent(t.client_errors, t.requests), `${count(t.client_errors)} × 4xx`),
		tile("Refused and failed", count(refused), Object.keys(t.reasons).length ? `for ${count(Object.keys(t.reasons).length)} reasons` : "for no reason"),
		tile("p95 in all", ms(t.total.p95), `gateway ${ms(t.own.p95)}, service ${ms(t.upstream.p95)}`),
		tile("In flight", count(t.in_flight), `${count(t.streams)} open streams`));
}

function routes(answer, choose) {
	if (answer.routes.length === 0) return null;
	const top = answer.routes.slice(0, 12);
	return h("section.card", { "aria-label": "Operations" }, h("h2", null, "Busiest operations"),
		scrolling("Busiest operations", table("", [["Operation"], ["Requests", "number"], ["Errors", "number"], ["4xx", "number"], ["p95", "number"]], top.map((row) => [
			h("button.as-link", { type: "button", on: { click: () => choose({ api: row.api, version: row.version, route: row.route, method: row.method }) } }, h("span.method", null, row.method), ` ${row.route}`, row.version && !row.route.includes(row.version) && h("span.soft", null, ` ${row.version}`)),
			count(row.count), row.errors ? h("span.bad", null, count(row.errors)) : "0", count(row.client_errors), ms(row.p95_ms)]))),
		answer.routes.length > top.length && h("p.soft", null, `and ${count(answer.routes.length - top.length)} more`));
}

function reported(list) {
	const entries = Object.entries(list ?? {}).sort((a, b) => b[1] - a[1]);
	if (entries.length === 0) return null;
	return h("p.note.warn", null, h("span", { "aria-hidden": "true" }, "◐ "), "Let through by policies that only report: ", entries.map(([code, n], i) => [i > 0 && ", ", h("a", { href: link("requests", { filter: `outcome:reported reason:${code}` }) }, code), ` × ${count(n)}`]), ". With mode enforce they would be refused.");
}
