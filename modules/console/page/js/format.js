// Numbers, times and names as people read them.

const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const day = new Intl.DateTimeFormat([], { dateStyle: "medium" });
const whole = new Intl.NumberFormat("en");

// time is the time of a day, with milliseconds.
export function time(text) {
	const at = new Date(text);
	return isNaN(at) ? "" : `${clock.format(at)}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

// moment is the time of today, or the date.
export function moment(text) {
	const at = new Date(text);
	if (isNaN(at)) return "";
	return Date.now() - at < 20 * 3600e3 ? clock.format(at) : `${day.format(at)} ${clock.format(at)}`;
}

export const date = (text) => day.format(new Date(text));

// ms is a duration, which is given in milliseconds.
export function ms(value) {
	if (value == null) return "–";
	if (value >= 60e3) return span(value);
	if (value >= 1000) return `${digits(value / 1000)} s`;
	return value >= 0.001 ? `${digits(value)} ms` : "0 ms";
}

// digits keeps three digits that say something.
export function digits(value) {
	if (value === 0) return "0";
	const size = Math.abs(value);
	return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= .1 ? 2 : 3);
}

export const count = (n) => whole.format(n ?? 0);

export const percent = (part, all) => (all ? `${digits((100 * part) / all)} %` : "–");

export const plural = (n, one, many = one + "s") => `${count(n)} ${n === 1 ? one : many}`;

export function bytes(n) {
	if (n == null) return "–";
	if (n < 1024) return plural(n, "byte");
	for (const unit of ["KiB", "MiB", "GiB"]) {
		n /= 1024;
		if (n < 1024 || unit === "GiB") return `${digits(n)} ${unit}`;
	}
}

// span is a length of time, given in milliseconds, in its two largest units.
export function span(value) {
	const units = [["y", 365 * 864e5], ["d", 864e5], ["h", 36e5], ["min", 6e4], ["s", 1e3]];
	const first = Math.max(0, units.findIndex(([, size]) => value >= size));
	if (value < 1e3) return "0 s";
	const parts = [];
	for (const [name, size] of units.slice(first, first + 2)) {
		const n = Math.floor(value / size);
		value -= n * size;
		if (n) parts.push(`${n} ${name}`);
	}
	return parts.join(" ");
}

export function ago(text) {
	const passed = Date.now() - new Date(text);
	return passed < 2000 ? "just now" : `${span(passed)} ago`;
}

// words for what became of a request, with the mark that goes with each: colour alone says nothing.
export const outcomes = {
	answered: { mark: "✓", word: "answered", kind: "good" },
	refused: { mark: "✕", word: "refused", kind: "bad" },
	failed: { mark: "!", word: "failed behind the gateway", kind: "bad" },
	reported: { mark: "◐", word: "reported, let through", kind: "warn" },
	aborted: { mark: "⌁", word: "aborted", kind: "warn" },
	open: { mark: "⇄", word: "open", kind: "plain" },
};

export const verdicts = {
	passed: { mark: "✓", word: "passed", kind: "good" },
	refused: { mark: "✕", word: "refused", kind: "bad" },
	reported: { mark: "◐", word: "would have refused", kind: "warn" },
	failed: { mark: "!", word: "failed", kind: "bad" },
	skipped: { mark: "–", word: "skipped", kind: "soft" },
};

export const statusKind = (status) => (status >= 500 ? "bad" : status >= 400 ? "warn" : status >= 200 || status === 101 ? "good" : "soft");
