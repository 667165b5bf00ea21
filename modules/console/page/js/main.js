// The frame of the page: it knows the state of the gateway, shows one page at a time, and listens to keys.
import { Alerts } from "./alerts.js";
import { get } from "./api.js";
import { Config } from "./config.js";
import { fill, find, h } from "./dom.js";
import { help, keysOn } from "./help.js";
import { Limits } from "./limits.js";
import { Metrics } from "./metrics.js";
import { Reason } from "./reason.js";
import { Requests } from "./requests.js";
import { go, link, route } from "./router.js";
import { Routes } from "./routes.js";
import { theme } from "./themes.js";
import { Versions } from "./versions.js";

const pages = { requests: Requests, metrics: Metrics, routes: Routes, limits: Limits, versions: Versions, config: Config, reasons: Reason };
const titles = { requests: "Requests", metrics: "Metrics", routes: "Routes", limits: "Limits", versions: "Versions", config: "Config", reasons: "Reasons" };
const interval = 2000; // ms between looks at the state; server-sent events bring changes sooner

const alerts = new Alerts(find("alerts"));
let shown = null; // { name, page }

// context is what pages share.
const context = {
	state: { contracts: [], process: {} },
	status: (what) => (what === "state" ? look() : connection(what)),
	// example is the address of a request that somebody can send, for empty pages.
	example() {
		const { process } = context.state;
		return `${process?.addresses?.[0] ?? "localhost:8080"}/`;
	},
};

function connection(what) {
	const element = find("connection");
	const text = what === "live" ? "live" : "no answer, trying again";
	if (element.textContent === text) return;
	element.textContent = text;
	element.className = `connection ${what}`;
}

let timer = 0;

// look asks for the state, now and then by itself.
async function look() {
	clearTimeout(timer);
	try {
		context.state = await get("state");
		connection("live");
		alerts.show(context.state);
		shown?.page.state?.(context.state);
	} catch {
		connection("lost");
	}
	clearTimeout(timer);
	timer = setTimeout(look, interval);
}

function show() {
	const to = route();
	const name = pages[to.page] ? to.page : "requests";
	if (shown?.name !== name) {
		shown?.page.unmount();
		fill(find("main"), h("h1.hidden", null, titles[name])); // until the page has something to show
		find("main").scrollTop = 0;
		shown = { name, page: new pages[name](find("main"), context) };
		document.title = `${titles[name]} · gateway console`;
		for (const item of find("pages").children) {
			if (item.getAttribute("href") === link(name)) {
				item.setAttribute("aria-current", "page");
				item.scrollIntoView({ block: "nearest", inline: "nearest" });
			} else item.removeAttribute("aria-current");
		}
	}
	shown.page.update(to);
}

const typing = (target) => target.closest?.("input, textarea, select, [contenteditable]");

addEventListener("keydown", (event) => {
	if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || document.querySelector("dialog[open]")) return;
	if (typing(event.target) || !keysOn()) return;
	const names = Object.keys(pages);
	const done = shown?.page.key?.(event) || (event.key === "?" && (help(), true)) || (event.key === "t" && (theme(), true))
		|| (/^[1-6]$/.test(event.key) && (go(names[event.key - 1]), find("main").focus(), true));
	if (done) event.preventDefault();
});

document.querySelector(".skip").addEventListener("click", (event) => {
	event.preventDefault();
	find("main").focus();
});
addEventListener("hashchange", show);
find("theme").addEventListener("click", () => theme());
find("help").addEventListener("click", () => help());
addEventListener("theme", () => shown?.page.theme?.());
show();
look();
