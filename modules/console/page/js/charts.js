// Charts with uPlot, which is loaded when the first one is drawn. Every series has a dash or a place of its own besides
// its colour, a text that says the same, and a table.
import { fill, h, scrolling, table } from "./dom.js";

let loading;

// plot returns uPlot.
export function plot() {
	loading ??= new Promise((resolve, reject) => {
		document.head.append(
			h("link", { rel: "stylesheet", href: "vendor/uPlot.css" }),
			h("script", { src: "vendor/uPlot.js", on: { load: () => resolve(window.uPlot), error: () => reject(new Error("uPlot cannot be loaded")) } }));
	});
	return loading;
}

// color is a colour of ours as a canvas understands it.
function color(name) {
	const probe = h("span", { style: { color: `var(--${name})` } });
	document.body.append(probe);
	const value = getComputedStyle(probe).color;
	probe.remove();
	return value;
}

const faded = (value, part) => value.replace(/^rgb\((.*)\)$/, (_, inner) => `rgb(${inner} / ${part})`.replaceAll(",", " "));

const dashes = [[], [6, 4], [2, 3], [10, 4, 2, 4]];
const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", hour12: false });
const exact = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

// lonely are the values without a neighbour, which no line goes through.
function lonely(chart, index) {
	const values = chart.data[index];
	const found = [];
	for (let i = 0; i < values.length; i++) if (values[i] != null && values[i - 1] == null && values[i + 1] == null) found.push(i);
	return found.length ? found : null;
}

// Chart is a figure. options: title, hint, unit(value) as text, stacked, whole (numbers), height, links (series name → href).
export class Chart {
	element;
	#options;
	#holder = h("div.plot", { role: "img" });
	#legend = h("ul.legend");
	#table = h("div");
	#details;
	#chart = null;
	#data = null; // { time, series: [{ name, color, dash, values, href }] }
	#observer;

	constructor(options) {
		this.#options = options;
		this.#details = h("details.numbers", { on: { toggle: () => this.#numbers() } }, h("summary", null, "Numbers"), this.#table);
		this.element = h("figure.card.chart", null, h("figcaption", null, h("h2", null, options.title), options.hint && h("p.soft", null, options.hint)), this.#holder, this.#legend, this.#details);
		this.#observer = new ResizeObserver(() => this.#chart?.setSize(this.#size()));
		this.#observer.observe(this.#holder);
	}

	// show draws data. The chart is kept as long as the series are the same ones.
	async show(data) {
		const names = (data) => JSON.stringify(data?.series.map((series) => series.name));
		const same = this.#chart && names(data) === names(this.#data);
		this.#data = data;
		this.#say();
		const uPlot = await plot();
		if (data !== this.#data) return;
		if (same && this.#chart) this.#chart.setData(this.#columns());
		else this.redraw(uPlot);
		this.#draw();
		this.#numbers();
	}

	// redraw makes the chart anew, as for other colours.
	redraw(uPlot = window.uPlot) {
		if (!uPlot || !this.#data) return;
		this.#chart?.destroy();
		this.#chart = new uPlot(this.#config(uPlot), this.#columns(), this.#holder);
	}

	destroy() {
		this.#observer.disconnect();
		this.#chart?.destroy();
		this.#chart = null;
	}

	#size() {
		return { width: Math.max(120, this.#holder.clientWidth), height: this.#options.height ?? 190 };
	}

	// #columns are what uPlot draws; stacked series are sums, the largest first, so that each covers those before.
	#columns() {
		const { time, series } = this.#data;
		if (!this.#options.stacked) return [time, ...series.map((one) => one.values)];
		const sums = [];
		let below = time.map(() => 0);
		for (const one of series) {
			below = below.map((sum, i) => (one.values[i] == null ? null : (sum ?? 0) + one.values[i]));
			sums.unshift(below);
		}
		return [time, ...sums];
	}

	#config(uPlot) {
		const line = color("line"), text = color("soft");
		const { stacked, unit } = this.#options;
		const drawn = stacked ? [...this.#data.series].reverse() : this.#data.series;
		const axis = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
		return {
			...this.#size(), legend: { show: false }, padding: [8, 18, 0, 0],
			cursor: { sync: { key: "time" }, drag: { x: false, y: false }, points: { size: 6 }, y: false },
			scales: { y: { range: (_, low, high) => [0, high > 0 ? high * 1.1 : 1] } },
			axes: [
				{ ...axis, size: 26, values: (_, splits) => splits.map((at) => clock.format(at * 1000)), space: 64 },
				{ ...axis, size: 58, ...(this.#options.whole && { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 1e4, 1e5] }), values: (_, splits) => splits.map((value) => unit(value).replace(/(\.\d*?)0+(?=\D|$)/, "$1").replace(/\.(?=\D|$)/, "")), space: 32 },
			],
			series: [{}, ...drawn.map((one, i) => {
				const stroke = color(one.color);
				return stacked
					? { stroke, width: 0, fill: stroke, paths: uPlot.paths.bars({ size: [.85, 40, 1] }), points: { show: false } }
					: { stroke, width: 2, dash: dashes[one.dash ?? i], fill: i === 0 && one.area ? faded(stroke, .12) : undefined, spanGaps: false, points: { show: false, size: 5, filter: lonely } };
			})],
			hooks: { setCursor: [(chart) => this.#draw(chart.cursor.idx)] },
		};
	}

	// #draw writes the legend: the values where the cursor is, or the newest.
	#draw(index) {
		if (!this.#data) return;
		const { time, series } = this.#data;
		const at = index ?? time.length - 1;
		const items = series.map((one, i) => {
			const value = one.values[at];
			const swatch = h("span.line", { class: this.#options.stacked ? "block" : ["solid", "dashed", "dotted", "mixed"][one.dash ?? i], style: { "--ink": `var(--${one.color})` }, "aria-hidden": "true" });
			return h("li", null, swatch, one.href ? h("a", { href: one.href }, one.name) : one.name, " ", h("strong", null, value == null ? "–" : this.#options.unit(value)));
		});
		fill(this.#legend, items, h("li.soft.when", null, index == null ? "newest" : exact.format(time[at] * 1000)));
	}

	#say() {
		const { series } = this.#data;
		const texts = series.map((one) => {
			const known = one.values.filter((value) => value != null);
			if (known.length === 0) return `${one.name}: nothing`;
			return `${one.name}: newest ${this.#options.unit(known.at(-1))}, highest ${this.#options.unit(Math.max(...known))}`;
		});
		this.#holder.setAttribute("aria-label", `${this.#options.title}. ${texts.join("; ") || "Nothing"}.`);
	}

	#numbers() {
		if (!this.#details.open || !this.#data) return;
		const { time, series } = this.#data;
		const rows = time.map((at, i) => [exact.format(at * 1000), ...series.map((one) => (one.values[i] == null ? "–" : this.#options.unit(one.values[i])))]).reverse().slice(0, 60);
		fill(this.#table, scrolling(`Numbers of ${this.#options.title}`, table("The newest first", [["Time"], ...series.map((one) => [one.name, "number"])], rows)));
	}
}
