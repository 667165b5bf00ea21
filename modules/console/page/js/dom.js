// Making elements. Everything that is shown becomes text nodes and attributes of ours:
// what attackers send is among it. Nothing on this page parses markup.

// Characters that hide, or that turn the order of what stands around them: a path could look like another one.
const invisible = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

// plain makes such characters visible.
export const plain = (text) => text.replaceAll(invisible, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);

// h makes an element. The name may carry classes ("p.soft"). Properties: on is a map of
// listeners, style one of custom properties; the others are attributes, where false and null mean absent.
export function h(name, properties, ...children) {
	const [tag, ...classes] = name.split(".");
	const made = document.createElement(tag);
	if (classes.length) made.className = classes.join(" ");
	for (const [key, value] of Object.entries(properties ?? {})) set(made, key, value);
	append(made, children);
	return made;
}

function set(element, key, value) {
	if (value === false || value == null) return;
	if (key === "on") {
		for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
	} else if (key === "style") {
		for (const [property, text] of Object.entries(value)) element.style.setProperty(property, text);
	} else if (key === "class") {
		if (value) element.classList.add(...value.split(" ").filter(Boolean));
	} else if (key === "value") {
		element.value = value;
	} else {
		element.setAttribute(key, value === true ? "" : key === "title" || key.startsWith("aria-") ? plain(String(value)) : value);
	}
}

function append(parent, children) {
	for (const child of children) {
		if (Array.isArray(child)) append(parent, child);
		else if (child !== false && child != null && child !== "") parent.append(child instanceof Node ? child : plain(String(child)));
	}
}

// fill replaces what is in an element.
export function fill(element, ...children) {
	const holder = document.createDocumentFragment();
	append(holder, children);
	element.replaceChildren(holder);
}

export const find = (id) => document.getElementById(id);

// say tells those who do not see the page what has happened.
export function say(text) {
	find("said").textContent = text;
}

// copy puts a text into the clipboard and says so on the button for a moment.
export async function copy(button, text) {
	const before = button.textContent;
	try {
		await navigator.clipboard.writeText(text);
		button.textContent = "Copied";
		say("Copied");
	} catch {
		button.textContent = "The browser does not allow it";
	}
	setTimeout(() => (button.textContent = before), 1500);
}

// copyable is a command with a button to copy it.
export function copyable(text) {
	const button = h("button", { type: "button", on: { click: () => copy(button, text) } }, "Copy");
	return h("div.copyable", null, h("pre", { tabindex: 0, role: "group", "aria-label": "Command" }, text), button);
}

// empty says that there is nothing, why, and what to do.
export function empty(title, ...children) {
	return h("div.empty", null, h("h2", null, title), ...children);
}

// emptyPage is a whole page of which there is nothing.
export function emptyPage(title, ...children) {
	return h("div.page", null, h("div.empty", null, h("h1", null, title), ...children));
}

// scrolling is a table that may be wider than its place.
export function scrolling(label, ...children) {
	return h("div.scroll", { tabindex: 0, role: "region", "aria-label": label }, ...children);
}

// table makes a table: columns are [title, kind], rows are lists of cells. The first cell is the row's head.
export function table(caption, columns, rows) {
	return h("table", null,
		caption && h("caption", null, caption),
		h("thead", null, h("tr", null, columns.map(([title, kind]) => h("th", { scope: "col", class: kind }, title)))),
		h("tbody", null, rows.map((cells) => h("tr", null, cells.map((cell, i) =>
			i === 0 ? h("th", { scope: "row", class: columns[i][1] }, cell) : h("td", { class: columns[i][1], "data-title": columns[i][0] }, cell))))));
}
