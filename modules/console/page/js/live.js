// The requests as they happen: the list that is there, and server-sent events from its newest on.
// What arrives is taken over once a frame, so that a busy gateway does not make a busy page.
import { get } from "./api.js";

const kept = 500;

export class Live {
	entries = []; // newest first
	waiting = 0; // arrived while paused
	seen = 0;
	paused = false;
	loading = true;
	filter = "";
	problem = null; // why there is no list
	#inbox = [];
	#anew = false; // the inbox begins with a whole list
	#events = null;
	#round = 0; // what belongs to a filter of before is dropped
	#frame = 0;
	#again = 0;
	#attempt = 0;
	#changed;
	#status;

	// changed is called when there is something new to show, status with "live" or "lost", and
	// with "state" when the gateway says that its state has changed.
	constructor(changed, status) {
		this.#changed = changed;
		this.#status = status;
	}

	// follow begins to follow the requests that match a filter.
	follow(filter) {
		this.stop();
		Object.assign(this, { filter, entries: [], waiting: 0, loading: true, problem: null });
		this.#inbox = [];
		this.#begin();
	}

	stop() {
		this.#round++;
		this.#events?.close();
		this.#events = null;
		clearTimeout(this.#again);
		cancelAnimationFrame(this.#frame);
		this.#frame = 0;
	}

	pause(paused) {
		this.paused = paused;
		if (!paused) this.#take();
		this.#changed();
	}

	async #begin() {
		const round = this.#round;
		const loaded = await this.#load(round);
		if (round !== this.#round || this.problem?.status === 400) return;
		if (loaded) this.#listen(round);
		else this.#later(round);
	}

	#later(round) {
		this.#status("lost");
		this.#again = setTimeout(() => round === this.#round && this.#begin(), Math.min(8e3, 500 * 2 ** this.#attempt++));
	}

	#listen(round) {
		const newest = Math.max(this.seen, this.entries[0]?.seq ?? 0, ...this.#inbox.map((row) => row.seq));
		const query = new URLSearchParams({ ...(this.filter && { filter: this.filter }), after: newest });
		const events = new EventSource(`api/events?${query}`);
		this.#events = events;
		events.addEventListener("open", () => {
			this.#attempt = 0;
			this.#status("live");
		});
		events.addEventListener("request", (event) => this.#receive(event));
		events.addEventListener("gap", () => this.#load(round));
		events.addEventListener("state", () => this.#status("state"));
		events.addEventListener("error", () => {
			if (this.#events !== events) return;
			this.#status("lost");
			if (events.readyState !== EventSource.CLOSED) return; // the browser tries again by itself, and says what it has last
			this.#later(round);
		});
	}

	// #load asks for the list, and tells whether it is there.
	async #load(round) {
		let answer;
		try {
			answer = await get("requests", { filter: this.filter, limit: kept });
		} catch (error) {
			if (round !== this.#round) return false;
			this.problem = error;
			this.loading = false;
			this.#changed();
			return false;
		}
		if (round !== this.#round) return false;
		// The list is the whole truth: the process may be another one, and count from one again. What has
		// arrived since it was made will have a higher number.
		const newest = answer.requests[0]?.seq ?? 0;
		const before = this.seen;
		this.seen = answer.seen;
		this.problem = null;
		this.#anew = true;
		this.#inbox = [...answer.requests, ...(answer.seen < before ? [] : this.#inbox.filter((row) => row.seq > newest))];
		if (this.loading || !this.paused) this.#take();
		this.loading = false;
		this.#changed();
		return true;
	}

	#receive(event) {
		let row;
		try {
			row = JSON.parse(event.data);
		} catch {
			return;
		}
		this.#inbox.push(row);
		if (this.#inbox.length > 2 * kept) this.#inbox.splice(0, this.#inbox.length - kept);
		this.#frame ||= requestAnimationFrame(() => {
			this.#frame = 0;
			if (!this.paused) this.#take();
			else this.waiting = Math.min(kept, this.#inbox.filter((row) => row.seq > (this.entries[0]?.seq ?? 0)).length);
			this.#changed();
		});
	}

	// #take moves what has arrived into the list. A stream that has ended comes again with a new number, and takes
	// the place of itself.
	#take() {
		if (this.#inbox.length === 0 && !this.#anew) return;
		const rows = new Map(this.#anew ? [] : this.entries.map((row) => [row.seq, row]));
		this.#anew = false;
		for (const row of this.#inbox) {
			rows.set(row.seq, row);
			this.seen = Math.max(this.seen, row.seq);
		}
		const ended = new Set([...rows.values()].filter((row) => row.stream && row.outcome !== "open").map((row) => row.id));
		this.#inbox = [];
		this.waiting = 0;
		this.entries = [...rows.values()].filter((row) => row.outcome !== "open" || !ended.has(row.id)).sort((a, b) => b.seq - a.seq).slice(0, kept);
	}
}
