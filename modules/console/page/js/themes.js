// The switch between the system's theme, light and dark; the choice is remembered.
import { fill, find, h, say } from "./dom.js";

const next = { auto: "light", light: "dark", dark: "auto" };
const names = { auto: "system", light: "light", dark: "dark" };
const root = document.documentElement;

function name() {
	fill(find("theme"), h("span.roomy", null, "Theme: "), names[root.dataset.theme]);
	find("theme").setAttribute("aria-label", `Theme: ${names[root.dataset.theme]}`);
}

// theme goes to the next theme and tells whoever draws with colours.
export function theme() {
	root.dataset.theme = next[root.dataset.theme] ?? "auto";
	try {
		localStorage.setItem("theme", root.dataset.theme);
	} catch {
		// it stays for as long as the page is open
	}
	name();
	say(`Theme: ${names[root.dataset.theme]}`);
	dispatchEvent(new Event("theme"));
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => dispatchEvent(new Event("theme")));
name();
