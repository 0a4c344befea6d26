// A week's timetable as blocks to drag, over the plain rows of the form, which stay the truth.
//
// Inside [data-timetable]: rows [data-row] with [data-part=day|start|end|place|remove], a <template data-row-template>,
// a container [data-rows], a button [data-add]. A row whose end is at or before its start runs into the next day.

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const NAMES = { mon: "Monday", tue: "Tuesday", wed: "Wednesday", thu: "Thursday", fri: "Friday", sat: "Saturday", sun: "Sunday" };
const DAY_MIN = 1440;
const STEP_MIN = 15;
const EDGE_PX = 10;

const html = (name, attributes = {}, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
};

/** "19:30" to minutes, or null when it is no time. */
export function minutesOf(text) {
  const match = /^(\d{1,2}):(\d{2})$/.exec(text.trim());
  if (!match || Number(match[1]) > 24 || Number(match[2]) > 59) return null;
  return Number(match[1]) * 60 + Number(match[2]);
}

/** Minutes to "19:30"; midnight is 00:00, which as an end lies on the next day. */
export const timeOf = (minutes) => {
  const m = ((minutes % DAY_MIN) + DAY_MIN) % DAY_MIN;
  return `${String(Math.floor(m / 60)).padStart(2, "0")}:${String(m % 60).padStart(2, "0")}`;
};

/** What a row covers: {day 0-6, start, length} in minutes, or null while it is incomplete. */
export function spanOf({ day, start, end }) {
  const [from, to] = [minutesOf(start), minutesOf(end)];
  if (from === null || to === null || !DAYS.includes(day) || from >= DAY_MIN) return null;
  return { day: DAYS.indexOf(day), start: from, length: to > from ? to - from : to + DAY_MIN - from };
}

class Timetable {
  constructor(root) {
    this.root = root;
    this.rows = root.querySelector("[data-rows]");
    this.template = root.querySelector("[data-row-template]");
    this.next = this.rows.children.length;
    this.build();
    root.querySelector("[data-add]").addEventListener("click", () => this.addRow({ day: "mon", start: "19:00", end: "07:00" }, true));
    this.rows.addEventListener("input", () => this.draw());
    this.rows.addEventListener("click", (event) => {
      const button = event.target.closest('[data-part="remove"]');
      if (button) this.removeRow(button.closest("[data-row]"));
      if (event.target.closest('[data-part="all-day"]')) this.wholeDay(event.target.closest("[data-row]"));
    });
    this.draw();
  }

  build() {
    this.grid = html("div", { class: "week", role: "group", "aria-label": "The week as blocks. Each block is a button: arrow keys move it, Shift and arrow keys change its end, Delete removes it." });
    this.note = html("p", { class: "week-note", role: "status" });
    this.lanes = DAYS.map((day) => {
      const lane = html("div", { class: "week-lane", "data-day": day });
      lane.addEventListener("pointerdown", (event) => this.begin(event, DAYS.indexOf(day)));
      this.grid.append(html("span", { class: "week-day" }, NAMES[day].slice(0, 3)), lane);
      return lane;
    });
    const hours = html("div", { class: "week-hours", "aria-hidden": "true" });
    for (const hour of [0, 6, 12, 18, 24]) {
      const mark = html("span", {}, `${hour}:00`);
      mark.style.left = `${(hour / 24) * 100}%`;
      hours.append(mark);
    }
    this.grid.append(html("span", { class: "week-day" }), hours);
    const help = html("p", { class: "hint" }, "Draw a block with the mouse, drag its middle to move it, its ends to change them. Or change the rows below.");
    this.root.querySelector("[data-week]").append(help, this.grid, this.note);
  }

  part(row, name) { return row.querySelector(`[data-part="${name}"]`); }

  read(row) {
    const value = (name) => this.part(row, name)?.value ?? "";
    return { day: value("day"), start: value("start"), end: value("end"), place: value("place") };
  }

  write(row, { day, start, length }) {
    this.part(row, "day").value = DAYS[((day % 7) + 7) % 7];
    this.part(row, "start").value = timeOf(start);
    this.part(row, "end").value = timeOf(start + length);
    this.changed(row);
  }

  changed(row) {
    this.draw();
    row.dispatchEvent(new Event("input", { bubbles: true }));
  }

  addRow(values, focus = false) {
    const row = this.template.content.firstElementChild.cloneNode(true);
    for (const node of row.querySelectorAll("[name], [id], [for]")) {
      for (const name of ["name", "id", "for"]) {
        if (node.hasAttribute(name)) node.setAttribute(name, node.getAttribute(name).replace("__n__", this.next));
      }
    }
    this.next += 1;
    for (const [name, value] of Object.entries(values)) if (this.part(row, name)) this.part(row, name).value = value;
    this.rows.append(row);
    this.changed(row);
    if (focus) this.part(row, "day").focus();
    return row;
  }

  // Lockdown: from midnight to midnight.
  wholeDay(row) {
    this.write(row, { day: DAYS.indexOf(this.part(row, "day").value), start: 0, length: DAY_MIN });
    this.note.textContent = `${this.words(row)}.`;
  }

  removeRow(row) {
    const after = row.nextElementSibling ?? row.previousElementSibling;
    const words = this.words(row);
    row.remove();
    this.draw();
    this.root.dispatchEvent(new Event("input", { bubbles: true }));
    this.note.textContent = `Removed: ${words}.`;
    (after ? this.part(after, "remove") : this.root.querySelector("[data-add]")).focus();
  }

  words(row) {
    const { day, start, end, place } = this.read(row);
    const span = spanOf({ day, start, end });
    if (!span) return "incomplete row";
    if (span.start === 0 && span.length === DAY_MIN) return `${NAMES[day]} all day${place ? `, ${place}` : ""}`;
    const next = span.start + span.length > DAY_MIN ? ` on ${NAMES[DAYS[(span.day + 1) % 7]]}` : "";
    return `${NAMES[day]} ${start} to ${end}${next}${place ? `, ${place}` : ""}`;
  }

  draw() {
    const focused = document.activeElement?.closest?.(".week-block")?.row;
    for (const lane of this.lanes) lane.replaceChildren();
    for (const row of this.rows.children) {
      const span = spanOf(this.read(row));
      row.classList.toggle("is-incomplete", !span);
      if (span) this.drawSpan(row, span);
    }
    if (focused) this.blockOf(focused)?.focus();
  }

  blockOf(row) {
    return [...this.grid.querySelectorAll(".week-block")].find((block) => block.row === row && block.tabIndex === 0);
  }

  // A night is two pieces on two lines; the second cannot take focus, since it is the same row.
  drawSpan(row, { day, start, length }) {
    const pieces = [[day, start, Math.min(DAY_MIN, start + length)]];
    if (start + length > DAY_MIN) pieces.push([(day + 1) % 7, 0, start + length - DAY_MIN]);
    pieces.forEach(([lane, from, to], i) => {
      const block = i ? html("div", { class: "week-block is-rest", "aria-hidden": "true" }) : html("button", { type: "button", class: "week-block" });
      if (i) block.tabIndex = -1; else block.setAttribute("aria-label", this.words(row));
      block.title = this.words(row);
      block.row = row;
      const { start: text, end, place } = this.read(row);
      const hours = start === 0 && length === DAY_MIN ? "all day" : `${text}–${end}`;
      if (!i) block.append(html("span", { class: "week-times" }, hours, place ? ` ${place}` : ""));
      block.classList.toggle("goes-on", pieces.length > 1 && !i);
      block.style.left = `${(from / DAY_MIN) * 100}%`;
      block.style.width = `${((to - from) / DAY_MIN) * 100}%`;
      block.addEventListener("pointerdown", (event) => this.grab(event, row, i));
      block.addEventListener("keydown", (event) => this.key(event, row));
      this.lanes[lane].append(block);
    });
  }

  key(event, row) {
    const span = spanOf(this.read(row));
    const sideways = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const days = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (event.key === "Delete" || event.key === "Backspace") this.removeRow(row);
    else if (event.key === "Enter") this.part(row, "start").focus();
    else if (sideways && event.shiftKey) this.write(row, { ...span, length: this.fit(span.length + sideways * STEP_MIN) });
    else if (sideways) this.write(row, this.shifted(span, sideways * STEP_MIN));
    else if (days) this.write(row, { ...span, day: span.day + days });
    else return;
    event.preventDefault();
    if (row.isConnected && event.key !== "Enter") { this.blockOf(row)?.focus(); this.note.textContent = `${this.words(row)}.`; }
  }

  fit(length) { return Math.max(STEP_MIN, Math.min(DAY_MIN, length)); }

  shifted(span, by) {
    const total = span.start + by;
    return { ...span, day: span.day + Math.floor(total / DAY_MIN), start: ((total % DAY_MIN) + DAY_MIN) % DAY_MIN };
  }

  at(event) {
    const box = this.lanes[0].getBoundingClientRect();
    const minutes = ((event.clientX - box.left) / box.width) * DAY_MIN;
    const day = this.lanes.findIndex((lane) => event.clientY < lane.getBoundingClientRect().bottom);
    return { day: day < 0 ? 6 : day, minutes: Math.round(minutes / STEP_MIN) * STEP_MIN };
  }

  // A new block follows the pointer; going down a line carries it into the next day.
  begin(event, day) {
    if (event.button !== 0 || event.target.closest(".week-block")) return;
    const start = Math.max(0, Math.min(DAY_MIN - STEP_MIN, this.at(event).minutes));
    let row = null;
    this.follow(event, (now) => {
      const end = (now.day > day ? DAY_MIN : 0) + now.minutes;
      if (!row && Math.abs(end - start) < STEP_MIN) return;
      row ??= this.addRow({ day: DAYS[day], start: timeOf(start), end: timeOf(start + STEP_MIN) });
      const [from, to] = end >= start ? [start, end] : [Math.max(0, end), start];
      this.write(row, { day, start: from, length: this.fit(to - from) });
    }, () => row && this.settled(row));
  }

  grab(event, row, piece) {
    if (event.button !== 0) return;
    event.stopPropagation();
    const box = event.currentTarget.getBoundingClientRect();
    const span = spanOf(this.read(row));
    const nights = span.start + span.length > DAY_MIN;
    const from = this.at(event);
    const atStart = !piece && event.clientX - box.left < EDGE_PX;
    const atEnd = (piece || !nights) && box.right - event.clientX < EDGE_PX;
    this.follow(event, (now) => {
      const by = now.minutes - from.minutes;
      if (atEnd) this.write(row, { ...span, length: this.fit(span.length + by + (now.day - from.day) * DAY_MIN) });
      else if (atStart) {
        const start = Math.max(0, Math.min(span.start + span.length - STEP_MIN, span.start + by));
        this.write(row, { ...span, start, length: this.fit(span.length + span.start - start) });
      } else this.write(row, { ...this.shifted(span, by), day: this.shifted(span, by).day + now.day - from.day });
    }, () => this.settled(row));
  }

  settled(row) {
    this.blockOf(row)?.focus();
    this.note.textContent = `${this.words(row)}.`;
  }

  follow(event, moved, done) {
    event.preventDefault();
    const move = (e) => moved(this.at(e));
    const end = () => {
      document.removeEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) document.removeEventListener(name, end);
      done();
    };
    document.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, end);
  }
}

for (const root of document.querySelectorAll("[data-timetable]")) new Timetable(root);
