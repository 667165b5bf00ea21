// Applies the theme that was chosen, before the first paint: therefore not a module.
"use strict";
(() => {
	const themes = ["auto", "light", "dark"];
	let chosen = "auto";
	try {
		chosen = localStorage.getItem("theme") ?? "auto";
	} catch {
		// storage is switched off: the system's theme it is
	}
	document.documentElement.dataset.theme = themes.includes(chosen) ? chosen : "auto";
})();
