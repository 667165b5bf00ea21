// Talking with the gateway. Everything is relative to the page, which may stand behind a proxy.

// Refusal is an answer that is not what was asked for.
export class Refusal extends Error {
	constructor(status, body) {
		super(body.detail || body.title || `the console answered ${status}`);
		this.status = status;
		this.body = body;
	}
}

async function read(answer) {
	const text = await answer.text();
	let body;
	try {
		body = JSON.parse(text);
	} catch {
		body = { detail: text.trim().slice(0, 500) };
	}
	if (!answer.ok) throw new Refusal(answer.status, body ?? {});
	return body;
}

// get asks for JSON. parameters that are empty are left out.
export async function get(path, parameters = {}) {
	const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== "" && value != null));
	const text = query.toString();
	return read(await fetch(`api/${path}${text ? `?${text}` : ""}`, { cache: "no-store" }));
}

// post sends JSON, with the token that only this page has.
export async function post(path, body, token) {
	return read(await fetch(`api/${path}`, {
		method: "POST", cache: "no-store", body: JSON.stringify(body),
		headers: { "Content-Type": "application/json", "X-Console-Token": token },
	}));
}

let catalogue;

// reasons returns the catalogue by code. It is part of the binary, and so asked for once.
export function reasons() {
	catalogue ??= get("reasons").then((answer) => new Map(answer.reasons.map((reason) => [reason.code, reason])), (error) => {
		catalogue = undefined;
		throw error;
	});
	return catalogue;
}
