// Pages by the part of the address after "#": #/requests/ID?filter=…

// go opens a page. With replace it takes the place of the present one in the browser's history.
export function go(path, query = {}, replace = false) {
	const text = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();
	const hash = `#/${path}${text ? `?${text}` : ""}`;
	if (hash === location.hash) return;
	if (!replace) {
		location.hash = hash;
		return;
	}
	history.replaceState(null, "", hash);
	dispatchEvent(new HashChangeEvent("hashchange"));
}

// route reads the address.
export function route() {
	const [path, query] = location.hash.replace(/^#\/?/, "").split("?", 2);
	const [page, ...rest] = path.split("/");
	let id = null;
	try {
		id = rest.length ? decodeURIComponent(rest.join("/")) : null;
	} catch {
		// somebody has typed it: there is no such request
	}
	return { page: page || "requests", id: id || null, query: Object.fromEntries(new URLSearchParams(query ?? "")) };
}

// link is the address of a page, for href.
export function link(path, query = {}) {
	const text = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();
	return `#/${path}${text ? `?${text}` : ""}`;
}
