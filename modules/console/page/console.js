// The page asks for the state once a second and shows it. Everything that is shown
// becomes text nodes: what attackers send may be in it.
"use strict";

const interval = 1000; // ms

const find = (id) => document.getElementById(id);

// element makes an element with a class and children, which are texts or elements.
function element(name, kind, ...children) {
	const made = document.createElement(name);
	if (kind) made.className = kind;
	made.append(...children.filter((child) => child !== "" && child != null));
	return made;
}

const empty = (text) => element("p", "empty", text);

function moment(text) {
	const at = element("time", "soft", new Date(text).toLocaleTimeString());
	at.dateTime = text;
	return at;
}

function contract(c) {
	const state = c.healthy ? element("span", "mark good", "✓ served as written")
		: element("span", "mark bad", c.served ? "✗ the contract before is served" : "✗ nothing is served");
	const card = element("article", "card", element("div", "head",
		element("span", "name", [c.api, c.version].filter(Boolean).join(" ")), state,
		element("span", "soft", c.file), c.served ? element("span", "soft", "since ", moment(c.served)) : ""));
	for (const finding of c.findings ?? []) card.append(element("pre", "", finding.text));
	if (c.trouble) card.append(element("p", "warn", c.trouble));
	return card;
}

const words = {
	answered: "answered", refused: "refused", reported: "reported, let through", failed: "failed behind the gateway",
	aborted: "cut off", open: "a stream that is open",
};

function request(r) {
	const about = "";
	const card = element("article", "card", element("div", "head",
		moment(r.at), element("span", "name", `${r.method} ${r.path}`), element("span", "soft", [r.api, r.version].filter(Boolean).join(" ")),
		element("span", "", String(r.status)), element("code", r.outcome === "refused" || r.outcome === "failed" ? "bad" : "warn", r.reason),
		element("span", "soft", about + words[r.outcome])));
	card.append(element("div", "soft", `request ${r.id}, ${r.total_ms} ms`));
	return card;
}

let state = { contracts: [], requests: [], seen: 0 };

// show fills the page. The text that was shown last tells whether anything has changed:
// a page that stands still can be read and copied from.
let shown = "";
function show() {
	const wanted = find("filter").value.trim().toLowerCase();
	const now = wanted + JSON.stringify(state);
	if (now === shown) return;
	shown = now;
	find("contracts").replaceChildren(...(state.contracts.length ? state.contracts.map(contract)
		: [empty("No API has a contract yet. Put one beside the Caddyfile, api/orders/v1/openapi.yaml, and write: api orders { reverse_proxy localhost:9001 }")]));
	const list = state.requests.filter((r) => !wanted || JSON.stringify(r).toLowerCase().includes(wanted));
	find("requests").replaceChildren(...(list.length ? list.map(request)
		: [empty(state.requests.length ? "Nothing of what is remembered matches." : "No request has come since the gateway started.")]));
	find("count").textContent = state.seen ? `${list.length} shown, ${state.seen} since the start` : "";
}

async function ask() {
	try {
		const answers = await Promise.all(["api/state", "api/requests"].map((path) => fetch(path, { cache: "no-store" })));
		if (!answers.every((answer) => answer.ok)) throw new Error("not well");
		const [now, listed] = await Promise.all(answers.map((answer) => answer.json()));
		state = { contracts: now.contracts, requests: listed.requests, seen: listed.seen };
		find("connection").textContent = "live";
		show();
	} catch {
		find("connection").textContent = "the gateway does not answer; trying again";
	}
	setTimeout(ask, interval);
}

find("filter").addEventListener("input", show);
ask();
