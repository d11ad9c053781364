// <presence-timeline from to first timezone for opens stills>: wraps the lanes that the server drew. It shows the time under the pointer, a line
// where the player `for` (an id) is, and plays from where one clicks. With `opens`, the address of a page that plays spans, it goes
// there instead. With `stills`, the address of stills that takes `at`, it shows the one of the moment under the pointer or of the keys.
// Keys begin at `first`, where there is something to see. Keys: arrows 10 s, Shift one minute (of a day: 10 and 60 minutes), Home and End, Enter plays, Escape takes the still away.
import { shadow, sheet } from "../sheets.js";
import { word } from "../words.js";
import { HoverStill } from "./hover.js";
import type { Playable } from "./transport.js";
import { clockText, wallAttribute } from "./wall.js";

const SVG = "http://www.w3.org/2000/svg";
const STEP_MS = 10_000;
const LONG_STEP_MS = 60_000;
const LONG_LINE_MS = 6 * 3_600_000;
const BEFORE_MS = 5 * 60_000;
const AFTER_MS = 25 * 60_000;
/** The time stands above the lanes and above the line around them that tells where the keys go. */
const ABOVE_PX = 6;

const STYLE = sheet(`
  :host { display: block; position: relative; }
  div { position: absolute; inset: 0; pointer-events: none; }
  div:focus-visible { outline: 2px solid var(--focus, #06c); outline-offset: 2px; border-radius: 3px; }
  svg { width: 100%; height: 100%; overflow: visible; }
  .here { stroke: var(--ink, #000); stroke-width: 1; stroke-dasharray: 3 2; }
  .played { stroke: var(--accent, #06c); stroke-width: 2; }
  text { font: 600 11px var(--font, sans-serif); fill: var(--ink, #000); paint-order: stroke; stroke: var(--surface, #fff); stroke-width: 4px; }
  figure { position: absolute; top: 100%; z-index: 5; width: min(16rem, 100%); margin: 0.25rem 0 0; padding: 0.25rem; pointer-events: none; box-sizing: border-box;
    border: 1px solid var(--line, #ccc); border-radius: 6px; background: var(--surface, #fff); box-shadow: var(--shadow-high, none); }
  figure[hidden], img[hidden] { display: none; }
  img { display: block; width: 100%; height: auto; }
  figcaption { font: 0.8125rem var(--font, sans-serif); color: var(--ink, #000); }
`);

class PresenceTimeline extends HTMLElement {
  /** Not the element itself: its attributes are the server's, who may write them anew. */
  #slider = document.createElement("div");
  #here = line("here");
  #played = line("played");
  #text = document.createElementNS(SVG, "text");
  #still = new HoverStill(this);
  #from = 0;
  #to = 0;
  #at = 0;
  #player: (HTMLElement & Playable) | null = null;

  static get observedAttributes(): string[] {
    return ["from", "to"];
  }

  attributeChangedCallback(): void {
    if (!this.hasAttribute("from") || !this.hasAttribute("to")) return;
    this.#from = wallAttribute(this, "from");
    this.#to = wallAttribute(this, "to");
    this.#at = Math.min(Math.max(this.#at || wallAttribute(this, this.hasAttribute("first") ? "first" : "from"), this.#from), this.#to);
    this.#announce();
  }

  connectedCallback(): void {
    const over = document.createElementNS(SVG, "svg");
    over.setAttribute("aria-hidden", "true");
    over.append(this.#here, this.#played, this.#text);
    this.#slider.append(over);
    shadow(this, STYLE, document.createElement("slot"), this.#slider, this.#still.figure);
    this.#player = document.getElementById(this.getAttribute("for") ?? "") as (HTMLElement & Playable) | null;
    this.#player?.addEventListener("wall-time", this.#onPlayed);
    this.#beSlider();
    this.addEventListener("pointermove", (event) => this.#point(this.#wallAt(event)));
    this.addEventListener("pointerleave", () => this.#hide());
    this.addEventListener("click", (event) => this.#click(event));
    this.addEventListener("keydown", (event) => this.#key(event));
    this.addEventListener("focusout", () => this.#hide());
  }

  disconnectedCallback(): void {
    this.#still.hide();
    this.#player?.removeEventListener("wall-time", this.#onPlayed);
  }

  #beSlider(): void {
    this.#slider.tabIndex = 0;
    this.#slider.setAttribute("role", "slider");
    this.#slider.setAttribute("aria-label", word(this, "timeline"));
  }

  #announce(): void {
    this.#slider.setAttribute("aria-valuemin", String(this.#from));
    this.#slider.setAttribute("aria-valuemax", String(this.#to));
    this.#slider.setAttribute("aria-valuenow", String(Math.round(this.#at)));
    this.#slider.setAttribute("aria-valuetext", clockText(this.#at, this.#zone));
  }

  get #zone(): string {
    return this.getAttribute("timezone") ?? "UTC";
  }

  /** The lane is what the server marked with class `lane`; names stand beside it. */
  get #lane(): DOMRect {
    return (this.querySelector(".lane") ?? this).getBoundingClientRect();
  }

  #wallAt(event: MouseEvent): number {
    const lane = this.#lane;
    const share = Math.min(Math.max((event.clientX - lane.left) / lane.width, 0), 1);
    return this.#from + share * (this.#to - this.#from);
  }

  #place(mark: SVGElement, wall: number): number {
    const lane = this.#lane;
    const x = lane.left - this.getBoundingClientRect().left + (lane.width * (wall - this.#from)) / (this.#to - this.#from);
    for (const [key, value] of Object.entries({ x1: x, x2: x, y1: "0", y2: "100%" })) mark.setAttribute(key, String(value));
    mark.removeAttribute("display");
    return x;
  }

  #point(wall: number): void {
    const x = this.#place(this.#here, wall);
    const leftHalf = x < this.clientWidth / 2;
    this.#text.textContent = clockText(wall, this.#zone);
    this.#text.setAttribute("x", String(x + (leftHalf ? 4 : -4)));
    this.#text.setAttribute("y", String(-ABOVE_PX));
    this.#text.setAttribute("text-anchor", leftHalf ? "start" : "end");
    this.#still.rest(wall, x, clockText(wall, this.#zone));
  }

  #hide(): void {
    this.#here.setAttribute("display", "none");
    this.#text.textContent = "";
    this.#still.hide();
  }

  #click(event: MouseEvent): void {
    if ((event.target as Element).closest("a")) return;
    this.#at = this.#wallAt(event);
    this.#point(this.#at);
    this.#open();
  }

  #key(event: KeyboardEvent): void {
    const step = (event.shiftKey ? LONG_STEP_MS : STEP_MS) * (this.#to - this.#from > LONG_LINE_MS ? 60 : 1);
    if (event.key === "Escape") return this.#hide();
    const to = { ArrowLeft: this.#at - step, ArrowRight: this.#at + step, Home: this.#from, End: this.#to }[event.key];
    if (to === undefined && event.key !== "Enter") return;
    if (event.target !== this) return;
    event.preventDefault();
    if (to === undefined) return this.#open();
    this.#at = Math.min(Math.max(to, this.#from), this.#to);
    this.#announce();
    this.#point(this.#at);
  }

  #open(): void {
    this.#announce();
    this.dispatchEvent(new CustomEvent("timeline-open", { detail: this.#at, bubbles: true }));
    this.#player?.seekWall(this.#at);
    this.#player?.play();
    const page = this.getAttribute("opens");
    if (page) location.assign(this.#addressOf(page));
  }

  /** Some minutes around the moment, at the moment. */
  #addressOf(page: string): string {
    const address = new URL(page, location.href);
    address.searchParams.set("from", new Date(Math.max(this.#at - BEFORE_MS, this.#from)).toISOString());
    address.searchParams.set("to", new Date(Math.min(this.#at + AFTER_MS, this.#to)).toISOString());
    address.hash = `t=${clockText(this.#at, this.#zone)}`;
    return address.href;
  }

  #onPlayed = (event: Event): void => {
    const wall = (event as CustomEvent<number>).detail;
    if (wall >= this.#from && wall <= this.#to) this.#place(this.#played, wall);
  };
}

function line(name: string): SVGElement {
  const made = document.createElementNS(SVG, "line");
  made.setAttribute("class", name);
  made.setAttribute("display", "none");
  return made;
}

customElements.define("presence-timeline", PresenceTimeline);
