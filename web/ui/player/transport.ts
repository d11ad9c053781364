// One bar of controls and one set of keys for whatever plays along wall time.
import { sheet } from "../sheets.js";
import { word } from "../words.js";
import { clockText, wallOfClock, type WallSpan } from "./wall.js";

export interface Playable {
  readonly span: WallSpan;
  readonly wallMs: number;
  readonly paused: boolean;
  rate: number;
  /** Whether its sound can be heard; null where there is none. */
  readonly audible: boolean | null;
  play(): void;
  pause(): void;
  seekWall(ms: number): void;
  hear(audible: boolean): void;
}

export interface Mark {
  at: number;
  label: string;
}

const RATES = [0.25, 0.5, 1, 2, 4, 8];
const FRAME_MS = 40;
const SVG = "http://www.w3.org/2000/svg";

export const TRANSPORT_STYLE = sheet(`
  .transport { display: flex; flex-wrap: wrap; align-items: center; gap: 0.375rem 0.5rem; padding: 0.375rem 0.5rem; background: var(--surface, #fff);
    color: var(--ink, #111); border-top: 1px solid var(--line, #ccc); font-size: 0.8125rem; font-variant-numeric: tabular-nums; }
  button, select { font: inherit; color: inherit; min-width: 2rem; min-height: 1.75rem; padding: 0 0.5rem; border-radius: 4px;
    border: 1px solid var(--line-strong, #999); background: var(--surface, #fff); cursor: pointer; }
  button:hover { background: var(--sunken, #eee); }
  :focus-visible { outline: 2px solid var(--focus, #06c); outline-offset: 1px; }
  .bar { position: relative; flex: 1 1 12rem; min-width: 8rem; }
  .bar input { display: block; width: 100%; margin: 0; accent-color: var(--accent, #06c); }
  .bar svg { display: block; width: 100%; height: 0.5rem; }
  .gap { fill: var(--mute-fill, #999); } .mark { fill: var(--bad-fill, #c00); }
  .clock { font: inherit; font-weight: 600; color: inherit; width: 5.25rem; min-height: 1.75rem; padding: 0 0.25rem; border-radius: 4px;
    border: 1px solid var(--line, #ccc); background: transparent; font-variant-numeric: tabular-nums; }
  .clock[aria-invalid="true"] { border-color: var(--bad, #c00); }
  .problem { position: absolute; inset: 0; display: grid; place-items: center; padding: 1rem; text-align: center; }
  .problem:empty { display: none; }
`);

export class Transport {
  readonly bar = document.createElement("div");
  #host: HTMLElement;
  #playable: Playable;
  #timezone: string;
  #marks: Mark[];
  #play = button("▶");
  #sound = button("");
  #range = document.createElement("input");
  #clock = document.createElement("input");
  #rate = document.createElement("select");

  constructor(host: HTMLElement, playable: Playable, gaps: WallSpan[], marks: Mark[]) {
    this.#host = host;
    this.#playable = playable;
    this.#timezone = host.getAttribute("timezone") ?? "UTC";
    this.#marks = [...marks].sort((one, other) => one.at - other.at);
    this.bar.className = "transport";
    this.bar.append(this.#playButton(), this.#back(), this.#forward(), this.#slider(gaps), this.#clockField(), this.#rates(), this.#soundButton());
  }

  /** Shows where the playable is; call it whenever that changes. */
  update(): void {
    const { wallMs, paused, rate } = this.#playable;
    this.#range.value = String(wallMs);
    const text = clockText(wallMs, this.#timezone);
    if (!this.#clock.matches(":focus")) this.#clock.value = text;
    this.#range.setAttribute("aria-valuetext", text);
    this.#play.textContent = paused ? "▶" : "❚❚";
    this.#play.setAttribute("aria-label", word(this.#host, paused ? "play" : "pause"));
    this.#rate.value = String(rate);
    const { audible } = this.#playable;
    this.#sound.hidden = audible === null;
    this.#sound.textContent = audible ? "🔊" : "🔇";
    this.#sound.setAttribute("aria-label", word(this.#host, audible ? "mute" : "unmute"));
  }

  /** Acts on a key of the host; says whether it meant anything. */
  key(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const wall = this.#playable.wallMs;
    const jump = event.shiftKey ? 60_000 : 5_000;
    const actions: Record<string, () => void> = {
      " ": () => this.toggle(),
      k: () => this.toggle(),
      m: () => this.#hear(),
      j: () => this.#faster(-1),
      l: () => this.#faster(1),
      arrowleft: () => this.#playable.seekWall(wall - jump),
      arrowright: () => this.#playable.seekWall(wall + jump),
      ",": () => this.#frame(-FRAME_MS),
      ".": () => this.#frame(FRAME_MS),
      n: () => this.#toMark(this.#marks.find((mark) => mark.at > wall + 500)),
      p: () => this.#toMark(this.#marks.findLast((mark) => mark.at < wall - 1500)),
      home: () => this.#playable.seekWall(this.#playable.span.from),
      end: () => this.#playable.seekWall(this.#playable.span.to - FRAME_MS),
    };
    const action = actions[event.key.toLowerCase()];
    action?.();
    return Boolean(action);
  }

  toggle(): void {
    if (this.#playable.paused) this.#playable.play();
    else this.#playable.pause();
  }

  #hear(): void {
    if (this.#playable.audible !== null) this.#playable.hear(!this.#playable.audible);
    this.update();
  }

  #soundButton(): HTMLElement {
    this.#sound.hidden = true;
    this.#sound.addEventListener("click", () => this.#hear());
    return this.#sound;
  }

  #frame(by: number): void {
    this.#playable.pause();
    this.#playable.seekWall(this.#playable.wallMs + by);
  }

  #faster(by: number): void {
    const at = RATES.indexOf(this.#playable.rate) + by;
    this.#playable.rate = RATES[Math.min(Math.max(at, 0), RATES.length - 1)] ?? 1;
  }

  #toMark(mark: Mark | undefined): void {
    if (mark) this.#playable.seekWall(mark.at);
  }

  #playButton(): HTMLElement {
    this.#play.addEventListener("click", () => this.toggle());
    return this.#play;
  }

  #back(): HTMLElement {
    return this.#jump(word(this.#host, "jump", { seconds: "−5" }), word(this.#host, "back"), -5_000);
  }

  #forward(): HTMLElement {
    return this.#jump(word(this.#host, "jump", { seconds: "+5" }), word(this.#host, "forward"), 5_000);
  }

  #jump(text: string, label: string, by: number): HTMLElement {
    const made = button(text);
    made.title = label;
    made.addEventListener("click", () => this.#playable.seekWall(this.#playable.wallMs + by));
    return made;
  }

  /** Shows the time, and takes one: Enter goes there. Its keys are its own. */
  #clockField(): HTMLElement {
    Object.assign(this.#clock, { type: "text", className: "clock", inputMode: "numeric", autocomplete: "off", maxLength: 12 });
    this.#clock.setAttribute("aria-label", word(this.#host, "go-to"));
    this.#clock.title = word(this.#host, "go-to");
    this.#clock.addEventListener("focus", () => this.#clock.select());
    this.#clock.addEventListener("input", () => this.#refuse(""));
    this.#clock.addEventListener("blur", () => {
      this.#refuse("");
      this.update();
    });
    this.#clock.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") this.#goTo(this.#clock.value);
      if (event.key === "Escape") this.#clock.blur();
    });
    return this.#clock;
  }

  /** The address then names the moment, so that it can be passed on. */
  #goTo(text: string): void {
    const wall = wallOfClock(text, this.#playable.span, this.#timezone);
    if (wall === null) {
      const { from, to } = this.#playable.span;
      this.#refuse(word(this.#host, "no-such-time", { from: clockText(from, this.#timezone), to: clockText(to, this.#timezone) }));
      return;
    }
    this.#playable.seekWall(wall);
    history.replaceState(history.state, "", `#t=${clockText(wall, this.#timezone)}`);
    this.#clock.blur();
  }

  /** Says beside the field what is wrong with what was typed; empty: nothing is. */
  #refuse(problem: string): void {
    this.#clock.setCustomValidity(problem);
    if (problem) this.#clock.setAttribute("aria-invalid", "true");
    else this.#clock.removeAttribute("aria-invalid");
    this.#clock.reportValidity();
  }

  #slider(gaps: WallSpan[]): HTMLElement {
    const { from, to } = this.#playable.span;
    const holder = document.createElement("div");
    holder.className = "bar";
    Object.assign(this.#range, { type: "range", min: String(from), max: String(to), step: "40" });
    this.#range.setAttribute("aria-label", word(this.#host, "position"));
    this.#range.addEventListener("input", () => this.#playable.seekWall(Number(this.#range.value)));
    holder.append(this.#range, this.#strip(gaps));
    return holder;
  }

  /** Gaps and marks below the slider, placed by attributes because inline styles are forbidden. */
  #strip(gaps: WallSpan[]): SVGElement {
    const strip = document.createElementNS(SVG, "svg");
    strip.setAttribute("aria-hidden", "true");
    const { from, to } = this.#playable.span;
    const percent = (wall: number): number => (100 * (Math.min(Math.max(wall, from), to) - from)) / (to - from);
    for (const gap of gaps) strip.append(rectangle("gap", percent(gap.from), percent(gap.to) - percent(gap.from)));
    for (const mark of this.#marks) strip.append(rectangle("mark", percent(mark.at), 0.5, mark.label));
    return strip;
  }

  #rates(): HTMLElement {
    this.#rate.setAttribute("aria-label", word(this.#host, "speed"));
    for (const rate of RATES) this.#rate.append(new Option(`${rate}×`, String(rate)));
    this.#rate.addEventListener("change", () => (this.#playable.rate = Number(this.#rate.value)));
    return this.#rate;
  }
}

function button(text: string): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  return made;
}

function rectangle(name: string, x: number, width: number, title = ""): SVGElement {
  const made = document.createElementNS(SVG, "rect");
  made.setAttribute("class", name);
  for (const [key, value] of Object.entries({ x: `${x}%`, width: `${width}%`, y: "0", height: "100%" })) {
    made.setAttribute(key, value);
  }
  if (title) made.append(Object.assign(document.createElementNS(SVG, "title"), { textContent: title }));
  return made;
}
