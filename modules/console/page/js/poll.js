// A page that asks for the same again and again.
import { get } from "./api.js";
import { emptyPage, fill, h } from "./dom.js";

// Poll asks for a path at an interval and calls show with answers that differ from the one before; a page that
// stands still can be read and copied from.
export class Poll {
	#timer = 0;
	#path;
	#interval;
	#show;
	#fail;
	#last = "";
	#round = 0;
	parameters = {};

	constructor(path, interval, show, fail) {
		Object.assign(this, { parameters: {} });
		this.#path = path;
		this.#interval = interval;
		this.#show = show;
		this.#fail = fail;
	}

	async ask() {
		clearTimeout(this.#timer);
		const round = ++this.#round;
		try {
			const answer = await get(this.#path, this.parameters);
			if (round !== this.#round) return;
			const text = JSON.stringify(answer);
			if (text !== this.#last) this.#show(answer);
			this.#last = text;
		} catch (error) {
			if (round !== this.#round) return;
			this.#last = "";
			this.#fail?.(error);
		}
		if (round === this.#round) this.#timer = setTimeout(() => this.ask(), this.#interval);
	}

	// again has the next answer shown, even if it is the same.
	again() {
		this.#last = "";
		this.ask();
	}

	stop() {
		this.#round++;
		clearTimeout(this.#timer);
	}
}

// unavailable says in the place of a page that there is no answer.
export function unavailable(host, error) {
	if (host.querySelector(".page")) return; // what is shown is better than nothing
	fill(host, emptyPage("There is no answer", h("p", null, `${error.message.replace(/\.$/, "")}. It is asked again by itself.`)));
}
