// What is wrong with the configuration, over any page, with the lines around it. It goes when it is mended.
import { fill, h } from "./dom.js";
import { moment } from "./format.js";

// frame shows the text of a finding: message, code frame and hint, with its line marked.
export function frame(text) {
	return h("pre.frame", { tabindex: 0, role: "group", "aria-label": "Finding" }, text.replace(/\n+$/, "").split("\n").map((line, i) => {
		const end = "\n"; // for those who copy it
		if (/^ *> *\d+ [│|]/.test(line)) return [h("span.at", null, line), end];
		if (/^ *[│|] *\^/.test(line)) return [h("span.caret", null, line), end];
		return /[│|]/.test(line) ? [line, end] : [h(i === 0 ? "strong.said" : "span.said", null, line), end];
	}));
}

// findings shows those of a list, or the text that there is instead.
export function findings(list, text) {
	if (list?.length) return list.map((finding) => frame(typeof finding === "string" ? finding : (finding.text ?? `${finding.message}${finding.hint ? `\nhint: ${finding.hint}` : ""}`)));
	return text ? [frame(text)] : [];
}

export class Alerts {
	#host;
	#shown = "";
	#small = false;

	constructor(host) {
		this.#host = host;
	}

	show(state) {
		const broken = (state.contracts ?? []).filter((contract) => !contract.healthy);
		const now = JSON.stringify([state.load_error, broken]);
		if (now === this.#shown) return;
		this.#shown = now;
		this.#small = false;
		this.#draw(state.load_error, broken);
	}

	#draw(error, broken) {
		const count = (error ? 1 : 0) + broken.length;
		if (count === 0) return fill(this.#host);
		const button = h("button", { type: "button", "aria-expanded": String(!this.#small), on: { click: () => {
			this.#small = !this.#small;
			this.#draw(error, broken);
			this.#host.querySelector("button").focus();
		} } }, this.#small ? "Show" : "Hide");
		const list = [];
		if (error) list.push(["The new configuration does not load", `tried at ${moment(error.at)}; the one before is served on`, () => findings(error.findings, error.text)]);
		for (const contract of broken) {
			const name = [contract.api, contract.version].filter(Boolean).join(" ");
			list.push([`The contract of ${name} cannot be served`, contract.served ? `the one of ${moment(contract.served)} is served on` : "nothing is served", () => [...findings(contract.findings), contract.trouble && h("p.warn", null, contract.trouble)]]);
		}
		// An alert is read out once; it is made anew only when it says something else.
		fill(this.#host, list.map(([title, consequence, make], i) => h("section.alert", { role: "alert" },
			h("div.title", null, h("h2", null, h("span", { "aria-hidden": "true" }, "✕ "), title), h("p.soft", null, consequence, ". This goes by itself when it is mended."), i === 0 && button),
			!this.#small && make())));
	}
}
