// The page of the requests: the live list, and beside it the one that was chosen.
import { Detail } from "./detail.js";
import { copyable, empty, fill, h, say } from "./dom.js";
import { Filter } from "./filter.js";
import { count, ms, outcomes, plural, statusKind, time } from "./format.js";
import { List } from "./list.js";
import { Live } from "./live.js";
import { go } from "./router.js";

// width is how wide the bar of a duration is: by its logarithm, from 0.1 ms to 10 s, so that both a
// cached answer and a slow report can be read.
const width = (total) => Math.min(100, Math.max(2, 20 * (Math.log10(Math.max(total, .1)) + 1)));

function pace(row) {
	const all = width(row.total_ms);
	const own = row.total_ms > 0 ? Math.min(1, row.own_ms / row.total_ms) : 1;
	return h("span.pace", { role: "cell", "aria-hidden": "true", title: `gateway ${ms(row.own_ms)}, service ${ms(row.upstream_ms)}` },
		h("span.fill.c1", { style: { "--part": `${all * own}%` } }), row.upstream_ms > 0 && h("span.fill.service", { style: { "--part": `${all * (1 - own)}%` } }));
}

// why says what became of a request: the reason if there is one.
export function why(row) {
	const outcome = outcomes[row.outcome] ?? { mark: "?", word: row.outcome, kind: "soft" };
	const text = row.reason || (row.outcome === "answered" ? "" : row.stream && row.outcome === "open" ? `open ${row.stream}` : outcome.word);
	return [h("span.mark", { class: outcome.kind, "aria-hidden": "true" }, outcome.mark), h("span.hidden", null, `${outcome.word} `),
		" ", row.reason ? h("span.reason", { class: outcome.kind }, row.reason) : h("span.soft", null, text)];
}

function entry(row) {
	const cell = (kind, ...children) => h(`span.${kind}`, { role: "cell" }, ...children);
	return h("div.entry", { role: "row", "data-seq": row.seq },
		cell("e-time", time(row.at)), cell("e-method.method", row.method),
		cell("e-path", h("a", { href: `#/requests/${encodeURIComponent(row.id)}`, title: `${row.host}${row.path}${row.query ? `?${row.query}` : ""}`, on: { click: (event) => open(event, row) } }, row.path, row.query && h("span.soft", null, `?${row.query}`))),
		h("span.e-status", { role: "cell", class: statusKind(row.status) }, row.status ? String(row.status) : "–"),
		cell("e-why", ...why(row)), cell("e-who", row.consumer ?? "", row.group && [" ", h("span.pill.plain", { title: `Canary group: ${row.group}` }, row.group)]), cell("e-ms", ms(row.total_ms)), h("span.e-bar", { role: "cell" }, pace(row)));
}

function open(event, row) {
	if (event.ctrlKey || event.metaKey || event.shiftKey) return;
	event.preventDefault();
	go(`requests/${encodeURIComponent(row.id)}`, current());
}

const current = () => Object.fromEntries(new URLSearchParams(location.hash.split("?")[1] ?? ""));

export class Requests {
	#host;
	#context;
	#live;
	#list;
	#filter;
	#detail = null;
	#parts;
	#id = null;
	#started = null;

	constructor(host, context) {
		this.#host = host;
		this.#context = context;
		this.#filter = new Filter(() => this.#live.entries, (text) => go(this.#path(), text ? { filter: text } : {}, true));
		const pause = h("button", { type: "button", "aria-pressed": "false", title: "Pause (p)", on: { click: () => this.#pause() } }, "Pause");
		const counted = h("span.count");
		const har = h("a.button", { href: "api/har", download: "requests.har" }, "HAR");
		const head = h("div.head", { role: "row", "aria-rowindex": "1" }, [["Time"], ["Method"], ["Path"], ["Status"], ["Outcome"], ["Consumer", "e-who"], ["Duration", "e-ms"], ["Gateway · service", "e-bar"]]
			.map(([title, kind]) => h("span", { role: "columnheader", class: kind }, title)));
		const body = h("div.rows", { role: "rowgroup" });
		const list = h("div.list", { role: "table", "aria-label": "Requests, newest first", tabindex: 0 }, h("div", { role: "rowgroup", class: "heading" }, head), body);
		const fresh = h("button.main.new", { type: "button", hidden: true, on: { click: () => this.#list.toTop() } }, "↑ Newest");
		const nothing = h("div", { hidden: true });
		const stage = h("div.stage", null, list, fresh, nothing);
		const split = h("div.split", null, stage);
		const root = h("div.requests", null, h("h1.hidden", null, "Requests"), h("div.toolbar", null, this.#filter.element, pause, har, counted), split);
		this.#parts = { pause, counted, har, list, fresh, nothing, split, root };
		fill(host, root);
		this.#list = new List(list, body, entry);
		list.addEventListener("scroll", () => this.#newest(), { passive: true });
		this.#live = new Live(() => this.#changed(), context.status);
		this.#live.follow("");
	}

	// update shows what the address says.
	update(route) {
		const filter = route.query.filter ?? "";
		this.#filter.text = filter;
		if (filter !== this.#live.filter || this.#live.problem?.status === 400) this.#live.follow(filter);
		this.#parts.har.href = `api/har${filter ? `?filter=${encodeURIComponent(filter)}` : ""}`;
		if (route.id === this.#id) return;
		this.#id = route.id;
		this.#parts.root.classList.toggle("open", Boolean(route.id));
		if (!route.id) {
			this.#detail?.close();
			this.#detail = null;
			return;
		}
		if (!this.#detail) {
			this.#detail = new Detail(this.#context, () => this.close());
			this.#parts.split.append(this.#detail.element);
		}
		this.#detail.show(route.id);
		const row = this.#live.entries.find((row) => row.id === route.id);
		this.#list.select(row?.seq ?? null, false);
	}

	// state looks whether the gateway is another process: then the list is another one too.
	state(state) {
		const started = state.process?.started;
		if (this.#started && started !== this.#started) this.#live.follow(this.#live.filter);
		this.#started = started;
	}

	close() {
		go("requests", current());
		if (this.#list.selected != null) this.#list.select(this.#list.selected, true);
	}

	unmount() {
		this.#live.stop();
		this.#list.stop();
		this.#detail?.close();
	}

	// key acts on a key that was pressed outside of fields, and tells whether it meant something.
	key(event) {
		switch (event.key) {
		case "j": return this.#step(1);
		case "k": return this.#step(-1);
		case "ArrowDown": return this.#inList(event) && this.#step(1);
		case "ArrowUp": return this.#inList(event) && this.#step(-1);
		case "Enter": {
			const row = this.#list.at(this.#list.index);
			if (!row || event.target.closest?.("a, button, summary, select")) return false;
			go(`requests/${encodeURIComponent(row.id)}`, current());
			return true;
		}
		case "/": this.#filter.focus(); return true;
		case "p": this.#pause(); return true;
		case "r": this.#detail?.replay(); return Boolean(this.#detail);
		case "c": this.#detail?.curl(); return Boolean(this.#detail);
		case "Escape":
			if (this.#id) this.close();
			else if (this.#list.selected != null) this.#list.select(null, false);
			else if (this.#filter.text) this.#filter.clear();
			else return false;
			return true;
		}
		return false;
	}

	#path() {
		return this.#id ? `requests/${encodeURIComponent(this.#id)}` : "requests";
	}

	// #inList tells whether arrow keys belong to the list: elsewhere they scroll.
	#inList(event) {
		return event.target === document.body || event.target.id === "main" || this.#parts.list.contains(event.target);
	}

	#step(by) {
		if (this.#list.length === 0) return false;
		const index = this.#list.index < 0 ? (by > 0 ? 0 : this.#list.length - 1) : Math.min(this.#list.length - 1, Math.max(0, this.#list.index + by));
		const row = this.#list.at(index);
		this.#list.select(row.seq, !this.#detail?.element.contains(document.activeElement));
		if (this.#id) go(`requests/${encodeURIComponent(row.id)}`, current(), true);
		return true;
	}

	#pause() {
		this.#live.pause(!this.#live.paused);
		say(this.#live.paused ? "Paused" : "Following again");
	}

	#newest() {
		this.#parts.fresh.hidden = !(this.#list.away && this.#list.length > 0);
	}

	#changed() {
		const { entries, waiting, paused, seen, problem, loading } = this.#live;
		const { pause, counted, list, nothing } = this.#parts;
		this.#filter.complain(problem?.status === 400 ? problem : null);
		pause.setAttribute("aria-pressed", String(paused));
		pause.textContent = paused ? (waiting ? `Resume · ${count(waiting)} new` : "Resume") : "Pause";
		counted.textContent = seen ? `${count(entries.length)} shown, ${count(seen)} seen` : "";
		list.setAttribute("aria-rowcount", entries.length + 1);
		this.#list.show(entries);
		this.#newest();
		const updated = this.#id && entries.find((row) => row.id === this.#id);
		if (updated) {
			if (this.#list.selected == null) this.#list.select(updated.seq, false);
			this.#detail?.refresh(updated);
		}
		const none = entries.length === 0 && !loading;
		list.hidden = none;
		nothing.hidden = !none;
		if (none && nothing.dataset.for !== `${this.#live.filter} ${seen} ${problem}`) {
			nothing.dataset.for = `${this.#live.filter} ${seen} ${problem}`;
			fill(nothing, this.#nothing(seen, problem));
		}
	}

	#nothing(seen, problem) {
		if (problem && problem.status !== 400) return empty("The console does not answer", h("p", null, `${problem.message.replace(/\.$/, "")}. It is asked again by itself.`));
		if (problem) return empty("The filter is not understood", h("p", null, "What is wrong stands below the field. Words are joined by spaces, such as: ", h("code", null, "status:>=400 path:/v1/*")));
		if (this.#live.filter && seen) {
			return empty("Nothing of what is remembered matches", h("p", null, `${plural(seen, "request")} came since the start, of which the last 500 are remembered. New ones that match appear by themselves.`),
				h("button", { type: "button", on: { click: () => this.#filter.clear() } }, "Clear the filter"));
		}
		return empty("No requests yet", h("p", null, "Every request that meets a directive of the gateway (api, auth, ratelimit, validate, versioning) appears here as it happens: what each step decided, how long it took, and why it was refused if it was. Send one:"),
			copyable(`curl -i ${this.#context.example()}`));
	}
}
