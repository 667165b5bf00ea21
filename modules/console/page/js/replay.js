// Sending a request once more, as it was or edited. It goes through the gateway like any other.
import { post } from "./api.js";
import { fill, h, say } from "./dom.js";
import { go } from "./router.js";

// replay sends a request again and opens what became of it.
export async function replay(context, detail, change, complain = (text) => notice(text)) {
	try {
		const answer = await post(`requests/${encodeURIComponent(detail.id)}/replay`, change, context.state.token ?? "");
		say(`Replayed: ${answer.status}`);
		if (answer.id) go(`requests/${encodeURIComponent(answer.id)}`, Object.fromEntries(new URLSearchParams(location.hash.split("?")[1] ?? "")));
		else notice(`Answered with ${answer.status}, but no policy has seen the request.`);
		if (answer.left_out?.length) notice(`Replayed without what is masked or cut: ${answer.left_out.join(", ")}. With “Edit and replay” you can add it.`);
		return true;
	} catch (error) {
		complain(`The replay did not work: ${[error.body?.title, error.body?.detail].filter(Boolean).join(". ") || error.message}`);
		return false;
	}
}

// notice shows a text in a dialog.
function notice(text) {
	const dialog = h("dialog.small", { "aria-label": "Replay" }, h("form", { method: "dialog" }, h("p.break", null, text), h("div.row", null, h("button.main", null, "Close"))));
	show(dialog);
}

function show(dialog) {
	document.body.append(dialog);
	dialog.addEventListener("close", () => dialog.remove());
	dialog.showModal();
}

// edit shows the request as fields; what is masked has to be written anew.
export function edit(context, detail) {
	const request = detail.request ?? { target: detail.path, header: [] };
	const masked = new Set((detail.masked ?? []).map((name) => name.replace(/^request\.header[.:]/, "").toLowerCase()));
	const method = h("input", { value: detail.method, autocomplete: "off", spellcheck: "false" });
	const target = h("input", { value: request.target ?? detail.path, autocomplete: "off", spellcheck: "false" });
	const header = h("textarea", { rows: 8, spellcheck: "false", value: (request.header ?? []).filter(([name]) => !masked.has(name.toLowerCase())).map(([name, value]) => `${name}: ${value}`).join("\n") });
	const text = h("textarea", { value: request.body?.binary ? "" : (request.body?.text ?? "") }).value;
	const body = h("textarea", { rows: 8, spellcheck: "false", value: text });
	const complaint = h("p.bad.break", { role: "alert" });
	const dialog = h("dialog", { "aria-labelledby": "edit-title" },
		h("form", { method: "dialog", on: { submit: send } },
			h("h2", { id: "edit-title" }, "Edit and replay"),
			masked.size > 0 && h("p.note.warn", null, `Masked and therefore not here: ${[...masked].join(", ")}. Write what the request needs.`),
			request.body?.truncated && h("p.note.warn", null, "Only the beginning of the body is remembered."),
			h("label", null, "Method", method), h("label", null, "Target", target), h("label", null, "Header fields, one a line", header), h("label", null, "Body", body), complaint,
			h("div.row", null, h("button.main", { type: "submit" }, "Send"), h("button", { type: "button", on: { click: () => dialog.close() } }, "Cancel"))));

	async function send(event) {
		event.preventDefault();
		fill(complaint);
		const fields = [];
		for (const line of header.value.split("\n").map((line) => line.replace(/\r$/, "")).filter((line) => line.trim())) {
			const colon = line.indexOf(":");
			if (colon < 1) return fill(complaint, `“${line}” is no header field: write Name: value`);
			fields.push([line.slice(0, colon).trim(), line.slice(colon + 1).trim()]);
		}
		// What is as it was is not sent: the gateway knows it better than this form.
		const change = { method: method.value, target: target.value, header: fields };
		if (body.value !== text) change.body = body.value;
		if (await replay(context, detail, change, (text) => fill(complaint, text))) dialog.close();
	}
	show(dialog);
}
