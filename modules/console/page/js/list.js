// A list of which only the rows in sight are in the document. Rows have one height, which CSS
// says in --row; a row keeps its element while it is in sight, and with it the focus.

const spare = 6; // rows above and below what is in sight

export class List {
	#scroller;
	#body;
	#render;
	#entries = [];
	#rows = new Map(); // by seq: { entry, element }
	#frame = 0;
	#height = 36;
	#observer;
	selected = null; // a seq

	// The scroller holds a head and a body, in which the rows are made by render(entry).
	constructor(scroller, body, render) {
		this.#scroller = scroller;
		this.#body = body;
		this.#render = render;
		scroller.addEventListener("scroll", () => this.#soon(), { passive: true });
		this.#observer = new ResizeObserver(() => this.#measure());
		this.#observer.observe(scroller);
	}

	stop() {
		this.#observer.disconnect();
		cancelAnimationFrame(this.#frame);
	}

	// show takes over the entries, newest first. Who reads further down, or has chosen a row, keeps
	// it where it is.
	show(entries) {
		const top = this.#entries[0]?.seq;
		const still = this.#scroller.scrollTop > 0 || this.selected != null;
		this.#entries = entries;
		const added = top == null ? 0 : entries.findIndex((entry) => entry.seq <= top);
		this.#draw();
		if (still && added > 0) {
			this.#scroller.scrollTop += added * this.#height;
			this.#draw();
		}
	}

	get index() {
		return this.selected == null ? -1 : this.#entries.findIndex((entry) => entry.seq === this.selected);
	}

	at(index) {
		return this.#entries[index];
	}

	get length() {
		return this.#entries.length;
	}

	get away() {
		return this.#scroller.scrollTop > this.#height / 2;
	}

	toTop() {
		this.#scroller.scrollTop = 0;
	}

	// select marks a row and brings it into sight, with the focus if asked.
	select(seq, focus) {
		this.selected = seq;
		const index = this.index;
		if (index >= 0) {
			const top = index * this.#height;
			const room = this.#scroller.clientHeight - this.#body.offsetTop;
			if (top < this.#scroller.scrollTop) this.#scroller.scrollTop = top;
			else if (top + this.#height > this.#scroller.scrollTop + room) this.#scroller.scrollTop = top + this.#height - room;
		}
		this.#draw();
		if (focus && index >= 0) this.#rows.get(seq)?.element.querySelector("a")?.focus({ preventScroll: true });
	}

	#measure() {
		const height = parseFloat(getComputedStyle(this.#body).getPropertyValue("--row"));
		if (height > 0) this.#height = height;
		this.#draw();
	}

	#soon() {
		this.#frame ||= requestAnimationFrame(() => {
			this.#frame = 0;
			this.#draw();
		});
	}

	#draw() {
		const from = Math.max(0, Math.floor(this.#scroller.scrollTop / this.#height) - spare);
		const to = Math.min(this.#entries.length, Math.ceil((this.#scroller.scrollTop + this.#scroller.clientHeight) / this.#height) + spare);
		this.#body.style.setProperty("height", `${this.#entries.length * this.#height}px`);
		const chosen = Math.max(this.index, 0);
		const wanted = new Map();
		for (let i = from; i < to; i++) wanted.set(this.#entries[i].seq, i);
		for (const [seq, row] of this.#rows) {
			const i = wanted.get(seq);
			if (i !== undefined && this.#entries[i] === row.entry) continue;
			row.element.remove();
			this.#rows.delete(seq);
		}
		for (const [seq, i] of wanted) {
			let row = this.#rows.get(seq);
			if (!row) {
				row = { entry: this.#entries[i], element: this.#render(this.#entries[i]) };
				this.#rows.set(seq, row);
				this.#body.append(row.element);
			}
			row.element.style.setProperty("transform", `translateY(${i * this.#height}px)`);
			row.element.setAttribute("aria-rowindex", i + 2);
			row.element.classList.toggle("selected", seq === this.selected);
			const link = row.element.querySelector("a");
			link.tabIndex = i === chosen ? 0 : -1;
			if (seq === this.selected) link.setAttribute("aria-current", "true");
			else link.removeAttribute("aria-current");
		}
	}
}
