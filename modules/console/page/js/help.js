// What the page can do, above all with the keyboard. Who is troubled by keys of one letter (voice
// control types them) can switch them off (WCAG 2.1.4).
import { h } from "./dom.js";
import { keys as filterKeys } from "./filter.js";

let on = true;
try {
	on = localStorage.getItem("keys") !== "off";
} catch {
	// not remembered
}

export const keysOn = () => on;

const keys = [
	["j k ↓ ↑", "next and previous request"], ["Enter", "open the request"], ["Esc", "back, then clear the filter"], ["/", "filter"], ["p", "pause and follow again"],
	["r", "replay the open request"], ["c", "copy it as curl"], ["1 … 6", "the pages"], ["t", "theme"], ["?", "this help"],
];
const examples = [
	["reason:schema.*", "refused or reported for any reason of that stage"], ["status:>=400 method:POST", "both have to hold"], ["consumer:alice,bob", "one of them"],
	["-path:/health*", "all but these"], ["status:4xx", "a range, as is status:400..499"], ["total_ms:>250", "slow ones, as is total_ms:>0.25s"], ["outcome:failed", "failed behind the gateway"],
	["group:canary", "what a canary took"], ["query:*limit=*", "a parameter of the query"], ['"not found"', "any text holds these words"],
];

export function help() {
	if (document.querySelector("dialog[open]")) return;
	const toggle = h("input", { type: "checkbox", checked: on, on: { change: () => {
		on = toggle.checked;
		try {
			localStorage.setItem("keys", on ? "on" : "off");
		} catch {
			// it holds for as long as the page is open
		}
	} } });
	const dialog = h("dialog", { "aria-labelledby": "help-title" }, h("form", { method: "dialog" },
		h("div.title", null, h("h2", { id: "help-title" }, "Help"), h("button.quiet", { "aria-label": "Close" }, "✕")),
		h("section", null, h("h3", null, "Keys"), h("dl.keys", null, keys.map(([key, text]) => [h("dt", null, key.split(" ").map((part) => (part === "…" ? " … " : [h("kbd", null, part), " "]))), h("dd", null, text)])),
			h("p", null, h("label.field", null, toggle, "Keys of one letter act"))),
		h("section", null, h("h3", null, "Filter"), h("dl.keys", null, examples.map(([text, what]) => [h("dt", null, h("code", null, text)), h("dd", null, what)])),
			h("details", null, h("summary", null, "All keys"), h("dl.keys", null, Object.entries(filterKeys).map(([key, what]) => [h("dt", null, h("code", null, `${key}:`)), h("dd", null, what)])))),
		h("p.soft", null, "What clients sent is masked before it is remembered: credentials, cookies, and members that are named like secrets. The last 500 requests are remembered, 32 MB at most, in this process only.")));
	document.body.append(dialog);
	dialog.addEventListener("close", () => dialog.remove());
	dialog.showModal();
}
