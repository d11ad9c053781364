// <zone-editor image preview label>: edits the polygons of its <input type="hidden" data-zone data-label> children over a still,
// beside those of its <data data-other value> children.
import { shadow, sheet } from "../sheets.js";
import { svg } from "../svg.js";
import { word } from "../words.js";
import { NewestStill } from "./newest.js";
import { Preview, type Drawn } from "./preview.js";
import { addAfter, clamp, crosses, moveAll, moveCorner, overlap, polygonOf, remove, starting, type Corner, type Polygon } from "./polygon.js";
import { Sketch } from "./sketch.js";
import { snapped, snappedBy, type Reach } from "./snap.js";

const SCALE = 1000;
const STEP = 0.01;
const FINE_STEP = 0.002;
/** Zones of one counter may touch; with half of one in the other nobody can tell staff from customers. */
const MUCH = 0.5;
/** Steps that can be taken back. */
const REMEMBERED = 200;
/** Pixels within which a corner snaps, unless the Alt key is held. */
const SNAP_PX = 9;

const STYLE = sheet(`
  :host { display: block; }
  .stage { position: relative; background: var(--video, #10161b); min-height: 8rem; }
  img { display: block; width: 100%; height: auto; min-height: 8rem; aspect-ratio: auto 16 / 9; }
  .picture:empty { aspect-ratio: 16 / 9; }
  .no-still { aspect-ratio: 16 / 9; margin: 0; display: grid; place-items: center; color: #c6d0d8; font-size: 0.875rem; }
  svg { position: absolute; inset: 0; width: 100%; height: 100%; touch-action: none; }
  polygon { fill-opacity: 0.22; stroke-width: 2; vector-effect: non-scaling-stroke; cursor: move; }
  .staff { fill: var(--good-fill, #2a7); stroke: var(--good-fill, #2a7); }
  .customer { fill: var(--wait-fill, #37c); stroke: var(--wait-fill, #37c); }
  .polygon { fill: #445; stroke: #fff; fill-opacity: 0.6; }
  line { stroke: transparent; stroke-width: 12; vector-effect: non-scaling-stroke; cursor: copy; }
  .corner { stroke: #fff; stroke-width: 14; stroke-linecap: round; vector-effect: non-scaling-stroke; cursor: grab; outline: none; }
  .corner:focus-visible { stroke: var(--focus, #fc0); stroke-width: 20; }
  .other { fill: none; stroke: #fff; stroke-width: 1.5; stroke-dasharray: 6 4; pointer-events: none; }
  .names { position: absolute; inset: 0; pointer-events: none; }
  .names span { position: absolute; padding: 0 0.25rem; font-size: 0.6875rem; line-height: 1.4; color: #fff; background: rgb(8 12 16 / 62%); }
  .sketching { cursor: crosshair; outline: none; }
  .sketch { fill: none; stroke: #fff; stroke-width: 2; vector-effect: non-scaling-stroke; pointer-events: none; }
  .sketching .corner { pointer-events: none; }
  .hand { stroke: var(--focus, #fc0); stroke-width: 12; stroke-linecap: round; vector-effect: non-scaling-stroke; pointer-events: none; }
  .people { position: absolute; inset: 0; pointer-events: none; }
  .person { position: absolute; border: 2px solid #fff; box-shadow: 0 0 0 1px rgb(0 0 0 / 60%); }
  .person span { position: absolute; left: -2px; bottom: 0; max-width: max-content; padding: 0 0.25rem; font-size: 0.6875rem;
    line-height: 1.4; white-space: nowrap; color: #fff; background: rgb(8 12 16 / 78%); }
  .is-staff { border-color: var(--good-fill, #2a7); border-width: 3px; }
  .is-customer { border-color: var(--wait-fill, #37c); border-width: 3px; }
  .weak { border-style: dotted; opacity: 0.75; }
  .told { margin: 0; padding-top: 0.375rem; font-size: 0.8125rem; }
  .told:empty { display: none; }
  button[aria-pressed="true"] { border-color: var(--accent, #06a); background: var(--accent-soft, #def); }
  .age { margin: 0; padding-top: 0.375rem; font-size: 0.75rem; color: var(--ink-faint, #666); }
  .age:empty, .warning:empty { display: none; }
  .warning { margin: 0; padding: 0.5rem 0.75rem; border: 1px solid var(--warn-fill, #e93); border-radius: 6px; font-size: 0.8125rem;
    background: var(--warn-soft, #fed); color: var(--warn, #950); }
  .tools { display: flex; flex-wrap: wrap; gap: 0.5rem; padding: 0.5rem 0; font-size: 0.8125rem; align-items: center; }
  button { font: inherit; color: inherit; padding: 0.25rem 0.625rem; border: 1px solid var(--line-strong, #999); border-radius: 4px;
    background: var(--surface, #fff); cursor: pointer; }
`);

/** `polygon` and `at` as they were when it was taken; `moved` once it has gone from there. */
type Grip = { zone: number; corner: number | null; at: Corner; polygon: Polygon; moved: boolean };

class ZoneEditor extends HTMLElement {
  #inputs: HTMLInputElement[] = [];
  #drawing = svg("svg");
  #tools = document.createElement("div");
  #warning = document.createElement("p");
  #still = new NewestStill(this);
  #preview = new Preview(
    this,
    () => this.#drawn(),
    (jpeg, age) => this.#still.showNewer(jpeg, age),
  );
  #form: HTMLFormElement | null = null;
  #chosen = (): void => this.#preview.changed();
  #grip: Grip | null = null;
  #sketch: Sketch | null = null;
  #others: Polygon[] = [];
  /** What the inputs held before each step. */
  #before: string[][] = [];
  #undoing = this.#button("", () => this.#undo());

  connectedCallback(): void {
    this.#inputs = [...this.querySelectorAll<HTMLInputElement>("input[data-zone]")];
    const stage = document.createElement("div");
    stage.className = "stage";
    this.#drawing.setAttribute("viewBox", `0 0 ${SCALE} ${SCALE}`);
    this.#drawing.setAttribute("preserveAspectRatio", "none");
    const others = [...this.querySelectorAll<HTMLDataElement>("data[data-other]")];
    this.#others = others.map((other) => polygonOf(other.value));
    stage.append(this.#still.picture, names(others, this.#others), this.#preview.people, this.#drawing);
    this.#tools.className = "tools";
    this.#warning.className = "warning";
    this.#warning.setAttribute("role", "status");
    shadow(this, STYLE, stage, this.#still.age, this.#preview.told, this.#tools, this.#warning);
    this.#form = this.closest("form");
    this.#form?.addEventListener("change", this.#chosen);
    this.#still.start();
    this.#undoing.textContent = word(this, "zone-undo");
    this.#undoing.setAttribute("aria-keyshortcuts", "Control+Z");
    this.shadowRoot?.addEventListener("keydown", (event) => this.#undoKey(event as KeyboardEvent));
    this.#drawing.addEventListener("pointermove", (event) => (this.#sketch ? this.#point(event) : this.#drag(event)));
    this.#drawing.addEventListener("click", (event) => this.#put(event));
    this.#drawing.addEventListener("dblclick", (event) => this.#removeAt(event));
    this.#drawing.addEventListener("keydown", (event) => this.#sketchKey(event));
    this.#drawing.addEventListener("pointerup", () => this.#drop());
    this.#drawing.addEventListener("pointercancel", () => this.#drop());
    this.#draw();
  }

  disconnectedCallback(): void {
    this.#form?.removeEventListener("change", this.#chosen);
    this.#preview.stop();
    this.#still.stop();
  }

  #zone(index: number): Polygon {
    return polygonOf(this.#inputs[index]?.value ?? "");
  }

  /** As the form would send it now. */
  #drawn(): Drawn {
    const zone = (kind: string): Polygon => this.#zone(this.#inputs.findIndex((input) => input.dataset["zone"] === kind));
    const chosen = (name: string): string => new FormData(this.#form ?? undefined).get(name)?.toString() ?? "";
    return {
      staff_zone: zone("staff"),
      customer_zone: zone("customer"),
      staff_inside: chosen("staff_inside"),
      customer_inside: chosen("customer_inside"),
    };
  }

  #write(index: number, polygon: Polygon): void {
    const input = this.#inputs[index];
    const value = JSON.stringify(polygon);
    if (!input || same(input.value, value)) return;
    if (!this.#grip?.moved) this.#remember();
    if (this.#grip) this.#grip.moved = true;
    input.value = value;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    this.#draw();
  }

  #remember(): void {
    this.#before = [...this.#before, this.#inputs.map((input) => input.value)].slice(-REMEMBERED);
  }

  /** A drag is one step, as each key is. */
  #undo(): void {
    const values = this.#before.pop();
    if (!values || this.#grip) return;
    const byButton = this.shadowRoot?.activeElement === this.#undoing;
    this.#inputs.forEach((input, index) => (input.value = values[index] ?? ""));
    this.#inputs[0]?.dispatchEvent(new Event("change", { bubbles: true }));
    this.#draw();
    if (byButton) (this.#undoing.isConnected ? this.#undoing : this.#tools.querySelector<HTMLElement>("[data-tool]"))?.focus();
  }

  #undoKey(event: KeyboardEvent): void {
    if (this.#sketch || event.key.toLowerCase() !== "z" || event.shiftKey || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    this.#undo();
  }

  #draw(): void {
    const focused = (this.shadowRoot?.activeElement as SVGElement | null)?.dataset["key"];
    const beside = this.#others.map((polygon) => svg("polygon", { points: points(polygon), class: "other" }));
    const zones = this.#inputs.flatMap((_, index) => this.#shapes(index));
    this.#drawing.replaceChildren(...beside, ...zones, ...(this.#sketch?.shapes(SCALE) ?? []));
    this.#drawing.classList.toggle("sketching", this.#sketch !== null);
    const tools = this.#sketch ? [this.#giveUp()] : this.#inputs.flatMap((_, index) => this.#tool(index));
    if (!this.#sketch && this.#before.length) tools.push(this.#undoing);
    if (this.hasAttribute("preview")) tools.unshift(this.#preview.button);
    this.#tools.replaceChildren(...tools);
    this.#warning.textContent = this.#sketch ? word(this, "zone-sketching") : this.#wrong();
    if (focused) this.#focusCorner(focused);
  }

  /** Where it is gone, the one before; where its zone is gone, what draws one. */
  #focusCorner(key: string): void {
    const [zone, corner] = key.split("-").map(Number);
    const corners = [...this.#drawing.querySelectorAll<SVGElement>(`[data-key^="${zone}-"]`)];
    const next = corners[Math.min(corner ?? 0, corners.length - 1)];
    (next ?? this.#tools.querySelector<HTMLElement>(`[data-tool="${zone}"]`))?.focus();
  }

  #wrong(): string {
    const crossed = this.#inputs.findIndex((_, index) => crosses(this.#zone(index)));
    if (crossed >= 0) return word(this, "zone-crossed", { zone: this.#inputs[crossed]?.dataset["label"] ?? "" });
    return this.#overlapsMuch() ? word(this, "zones-overlap") : "";
  }

  #overlapsMuch(): boolean {
    const zones = this.#inputs.map((_, index) => this.#zone(index));
    return zones.some((one, index) => zones.slice(index + 1).some((other) => overlap(one, other) > MUCH));
  }

  #kind(index: number): string {
    return this.#inputs[index]?.dataset["zone"] ?? "staff";
  }

  #shapes(index: number): SVGElement[] {
    const polygon = this.#zone(index);
    if (!polygon.length) return [];
    const area = svg("polygon", { points: points(polygon), class: this.#kind(index) });
    if (this.#sketch) return [area];
    area.addEventListener("pointerdown", (event) => this.#take(event, index, null));
    const edges = polygon.map((_, corner) => this.#edge(index, polygon, corner));
    const corners = polygon.map((_, corner) => this.#corner(index, polygon, corner));
    return [area, ...edges, ...corners];
  }

  #edge(zone: number, polygon: Polygon, corner: number): SVGElement {
    const [x1, y1] = polygon[corner] ?? [0, 0];
    const [x2, y2] = polygon[(corner + 1) % polygon.length] ?? [0, 0];
    const edge = svg("line", { x1: x1 * SCALE, y1: y1 * SCALE, x2: x2 * SCALE, y2: y2 * SCALE });
    edge.addEventListener("click", () => this.#write(zone, addAfter(this.#zone(zone), corner)));
    return edge;
  }

  /** A corner is a line without length: its round cap stays round however the picture is stretched. */
  #corner(zone: number, polygon: Polygon, corner: number): SVGElement {
    const [x, y] = polygon[corner] ?? [0, 0];
    const place = { x1: x * SCALE, y1: y * SCALE, x2: x * SCALE, y2: y * SCALE };
    const dot = svg("line", { ...place, class: "corner", tabindex: 0, role: "button", "data-key": `${zone}-${corner}` });
    const name = this.#inputs[zone]?.dataset["label"] ?? "";
    dot.setAttribute("aria-label", `${name} ${corner + 1}: ${Math.round(x * 100)} %, ${Math.round(y * 100)} %`);
    dot.addEventListener("pointerdown", (event) => this.#take(event, zone, corner));
    dot.addEventListener("keydown", (event) => this.#key(event, zone, corner));
    return dot;
  }

  #take(event: PointerEvent, zone: number, corner: number | null): void {
    event.preventDefault();
    (event.currentTarget as SVGElement).focus();
    this.#drawing.setPointerCapture(event.pointerId);
    this.#grip = { zone, corner, at: this.#share(event), polygon: this.#zone(zone), moved: false };
  }

  #drag(event: PointerEvent): void {
    const grip = this.#grip;
    if (!grip) return;
    const to = this.#share(event);
    const free = event.altKey;
    this.#write(grip.zone, grip.corner === null ? this.#moved(grip, to, free) : this.#turned(grip, grip.corner, to, free));
  }

  #moved(grip: Grip, to: Corner, free: boolean): Polygon {
    const moved = moveAll(grip.polygon, to[0] - grip.at[0], to[1] - grip.at[1]);
    const [dx, dy] = free ? [0, 0] : snappedBy(moved, this.#beside(grip.zone), this.#reach());
    return moveAll(moved, dx, dy);
  }

  #turned({ polygon, zone }: Grip, corner: number, to: Corner, free: boolean): Polygon {
    const level = [polygon.at(corner - 1), polygon[(corner + 1) % polygon.length]].filter((other) => other !== undefined);
    const around = { polygons: this.#beside(zone), level };
    return moveCorner(polygon, corner, free ? to : snapped(to, around, this.#reach()));
  }

  /** What a zone may snap to: its neighbours, of this view and of others of the camera. */
  #beside(zone: number): Polygon[] {
    const mine = this.#inputs.map((_, index) => this.#zone(index)).filter((polygon, index) => index !== zone && polygon.length);
    return [...mine, ...this.#others];
  }

  #reach(): Reach {
    const box = this.#drawing.getBoundingClientRect();
    return [SNAP_PX / box.width, SNAP_PX / box.height];
  }

  #begin(zone: number): void {
    this.#sketch = new Sketch(zone);
    this.#draw();
    this.#drawing.setAttribute("tabindex", "0");
    this.#drawing.focus();
  }

  #end(): void {
    const sketch = this.#sketch;
    this.#sketch = null;
    this.#drawing.removeAttribute("tabindex");
    if (sketch?.canClose) this.#write(sketch.zone, sketch.corners);
    else this.#draw();
    if (sketch) this.#focusCorner(`${sketch.zone}-0`);
  }

  #giveUp(): HTMLElement {
    return this.#button(word(this, "zone-give-up"), () => this.#leave());
  }

  #leave(): void {
    const zone = this.#sketch?.zone ?? 0;
    this.#sketch = null;
    this.#end();
    this.#focusCorner(`${zone}-0`);
  }

  #aimed(event: MouseEvent, sketch: Sketch): Corner {
    const at = this.#share(event);
    const own = sketch.canClose ? [sketch.corners.slice(0, 1)] : [];
    return event.altKey ? at : snapped(at, { polygons: [...own, ...this.#beside(sketch.zone)], level: sketch.level }, this.#reach());
  }

  #point(event: PointerEvent): void {
    this.#sketch?.point(this.#aimed(event, this.#sketch));
    this.#draw();
  }

  #put(event: MouseEvent): void {
    if (!this.#sketch) return;
    if (this.#sketch.put(this.#aimed(event, this.#sketch))) this.#end();
    else this.#draw();
  }

  #sketchKey(event: KeyboardEvent): void {
    const sketch = this.#sketch;
    if (!sketch || event.target !== this.#drawing) return;
    const ends = event.key === "Escape" || (event.key === "Enter" && sketch.canClose);
    if (!ends && event.key !== "Enter" && !sketch.key(event)) return;
    event.preventDefault();
    if (event.key === "Escape") this.#leave();
    else if (ends) this.#end();
    else this.#draw();
  }

  /** Whoever has no keys takes a corner away by a double click. */
  #removeAt(event: MouseEvent): void {
    if (this.#sketch) return;
    const [[x, y], [across, down]] = [this.#share(event), this.#reach()];
    this.#inputs.forEach((_, zone) => {
      const corner = this.#zone(zone).findIndex(([cx, cy]) => Math.hypot((cx - x) / across, (cy - y) / down) <= 1);
      if (corner >= 0) this.#write(zone, remove(this.#zone(zone), corner));
    });
  }

  #drop(): void {
    this.#grip = null;
  }

  #share(event: MouseEvent): Corner {
    const box = this.#drawing.getBoundingClientRect();
    return [clamp((event.clientX - box.left) / box.width), clamp((event.clientY - box.top) / box.height)];
  }

  #key(event: KeyboardEvent, zone: number, corner: number): void {
    const changed = keyed(event, this.#zone(zone), corner);
    if (!changed) return;
    event.preventDefault();
    this.#write(zone, changed);
    // The new corner is the one to move, or to take away again.
    if (event.key === "Insert") this.#focusCorner(`${zone}-${corner + 1}`);
  }

  #tool(index: number): HTMLElement[] {
    const zone = this.#inputs[index]?.dataset["label"] ?? "";
    const put = (polygon: Polygon): void => {
      this.#write(index, polygon);
      this.#focusCorner(`${index}-0`);
    };
    const tools = this.#zone(index).length
      ? [this.#button(word(this, "zone-remove", { zone }), () => put([]))]
      : [
          this.#button(word(this, "zone-add", { zone }), () => put(starting(this.#kind(index)))),
          this.#button(word(this, "zone-sketch", { zone }), () => this.#begin(index)),
        ];
    for (const tool of tools) tool.dataset["tool"] = String(index);
    return tools;
  }

  #button(text: string, act: () => void): HTMLElement {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.addEventListener("click", act);
    return made;
  }
}

/** Of what the server wrote and what was written here. */
function same(one: string, other: string): boolean {
  return JSON.stringify(polygonOf(one)) === other;
}

function points(polygon: Polygon): string {
  return polygon.map(([x, y]) => `${x * SCALE},${y * SCALE}`).join(" ");
}

function names(others: readonly HTMLElement[], polygons: readonly Polygon[]): HTMLElement {
  const made = document.createElement("div");
  made.className = "names";
  made.append(
    ...others.map((other, index) => {
      const name = Object.assign(document.createElement("span"), { textContent: other.dataset["other"] ?? "" });
      const polygon = polygons[index] ?? [];
      name.style.left = `${Math.min(...polygon.map(([x]) => x)) * 100}%`;
      name.style.top = `${Math.min(...polygon.map(([, y]) => y)) * 100}%`;
      return name;
    }),
  );
  return made;
}

function keyed(event: KeyboardEvent, polygon: Polygon, corner: number): Polygon | null {
  const step = event.shiftKey ? FINE_STEP : STEP;
  const ways: Record<string, [number, number]> = {
    ArrowLeft: [-step, 0],
    ArrowRight: [step, 0],
    ArrowUp: [0, -step],
    ArrowDown: [0, step],
  };
  const way = ways[event.key];
  const [x, y] = polygon[corner] ?? [0, 0];
  if (way) return moveCorner(polygon, corner, [x + way[0], y + way[1]]);
  if (event.key === "Insert") return addAfter(polygon, corner);
  return event.key === "Delete" || event.key === "Backspace" ? remove(polygon, corner) : null;
}

customElements.define("zone-editor", ZoneEditor);
