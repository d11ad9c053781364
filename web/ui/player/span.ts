// <span-player from to timezone>: the clips of its <figure data-parts> children, together, by wall time.
// It begins where the address says: #t=14:03:20.
import { shadow, sheet } from "../sheets.js";
import { word } from "../words.js";
import { listenOnPage } from "./keys.js";
import { Reel } from "./reel.js";
import { TRANSPORT_STYLE, Transport, type Mark, type Playable } from "./transport.js";
import { addressedWall, firstOutside, wallAttribute, type WallSpan } from "./wall.js";

const PACE_MS = 200;
const DRIFT_S = 0.15;
/** Cameras cut their footage at keyframes of their own: what begins so much later than the first begins with it. */
const TOGETHER_MS = 2000;

const STYLE = sheet(`
  :host { display: block; }
  .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr)); gap: 0.5rem; }
  ::slotted(figure) { position: relative; min-width: 0; }
  .transport { position: sticky; bottom: 0; z-index: 3; margin-top: 0.5rem; border: 1px solid var(--line, #ccc); border-radius: 6px; }
  /* Above the pictures: at the bottom of a small window it would lie on the first of them. */
  @media (max-width: 48rem) {
    .whole { display: flex; flex-direction: column; }
    .transport { order: -1; top: 3.25rem; bottom: auto; margin: 0 0 0.5rem; }
  }
`);

interface Track {
  picture: HTMLElement;
  reel: Reel;
  note: HTMLElement;
  /** Why it cannot be played, as the note says it; empty while nobody knows. */
  why: string;
  gaps: WallSpan[];
}

class SpanPlayer extends HTMLElement implements Playable {
  #tracks: Track[] = [];
  #transport: Transport | null = null;
  #from = 0;
  #to = 0;
  #wall = 0;
  #rate = 1;
  #playing = false;
  #beatAt = 0;
  #timer = 0;
  #unlisten = (): void => undefined;

  get span(): WallSpan {
    return { from: this.#from, to: this.#to };
  }

  get wallMs(): number {
    return this.#wall;
  }

  get paused(): boolean {
    return !this.#playing;
  }

  get rate(): number {
    return this.#rate;
  }

  set rate(rate: number) {
    this.#rate = rate;
    for (const { reel } of this.#tracks) reel.rate = rate;
    this.#tell();
  }

  get audible(): boolean | null {
    const sounding = this.#tracks.filter(({ reel }) => reel.audible !== null);
    return sounding.length ? sounding.some(({ reel }) => reel.audible) : null;
  }

  hear(audible: boolean): void {
    for (const { reel } of this.#tracks) reel.video.muted = !audible;
  }

  connectedCallback(): void {
    this.#from = this.#wall = wallAttribute(this, "from");
    this.#to = wallAttribute(this, "to");
    this.tabIndex = 0;
    this.#tracks = [...this.querySelectorAll<HTMLElement>("figure[data-parts]")].map((figure) => this.#track(figure));
    const gaps = commonGaps(this.#tracks.map((track) => track.gaps));
    const marks = JSON.parse(this.getAttribute("events") || "[]") as { at: string; label: string }[];
    const timed: Mark[] = marks.map(({ at, label }) => ({ at: Date.parse(at), label }));
    this.#transport = new Transport(this, this, gaps, timed);
    const figures = document.createElement("div");
    figures.className = "figures";
    figures.append(document.createElement("slot"));
    const whole = document.createElement("div");
    whole.className = "whole";
    whole.append(figures, this.#transport.bar);
    shadow(this, STYLE, whole).adoptedStyleSheets.push(TRANSPORT_STYLE);
    this.addEventListener("keydown", this.#onKey);
    this.#unlisten = listenOnPage((event) => this.#transport?.key(event) ?? false);
    this.#timer = window.setInterval(() => this.#beat(), PACE_MS);
    const first = this.hasAttribute("at") ? wallAttribute(this, "at") : firstPicture(this.#tracks.map((track) => track.gaps), this.span);
    this.seekWall(this.#addressed ?? first);
    window.addEventListener("hashchange", this.#onAddress);
  }

  disconnectedCallback(): void {
    clearInterval(this.#timer);
    window.removeEventListener("hashchange", this.#onAddress);
    this.#unlisten();
    this.removeEventListener("keydown", this.#onKey);
    for (const { picture, reel } of this.#tracks) {
      reel.close();
      picture.remove();
    }
  }

  play(): void {
    if (this.#wall >= this.#to) this.#wall = this.#from;
    this.#playing = true;
    this.#beatAt = performance.now();
    this.#beat();
  }

  pause(): void {
    this.#playing = false;
    this.#place();
  }

  seekWall(ms: number): void {
    this.#wall = Math.min(Math.max(ms, this.#from), this.#to);
    this.#place(0);
  }

  get #addressed(): number | null {
    return addressedWall(this.span, this.getAttribute("timezone") ?? "UTC");
  }

  #onAddress = (): void => {
    const wall = this.#addressed;
    if (wall !== null) this.seekWall(wall);
  };

  #onKey = (event: KeyboardEvent): void => {
    if (this.#transport?.key(event)) event.preventDefault();
  };

  #track(figure: HTMLElement): Track {
    const reel = new Reel(figure.dataset["parts"]);
    Object.assign(reel.video, { muted: true, preload: "auto" });
    reel.video.setAttribute("aria-label", figure.querySelector("figcaption .strong")?.textContent ?? "");
    const note = document.createElement("p");
    note.className = "nothing";
    note.hidden = true;
    const picture = document.createElement("div");
    picture.className = "picture";
    picture.append(reel.video, note);
    figure.prepend(picture);
    const track: Track = { picture, reel, note, why: "", gaps: reel.gapsOf(this.span) };
    reel.video.addEventListener("loadeddata", () => this.#place());
    reel.video.addEventListener("error", () => void this.#explain(track));
    reel.load();
    return track;
  }

  async #explain(track: Track): Promise<void> {
    track.why = "";
    this.#place();
    track.why = word(this, await track.reel.whyNot());
    this.#place();
  }

  /** Moves the common clock on; it waits for a video that has not got its picture yet. */
  #beat(): void {
    const now = performance.now();
    const passed = (now - this.#beatAt) * this.#rate;
    this.#beatAt = now;
    if (!this.#playing) return;
    if (!this.#tracks.some((track) => this.#lacksPicture(track))) this.#wall = Math.min(this.#wall + passed, this.#to);
    if (this.#wall >= this.#to) this.#playing = false;
    this.#place();
  }

  #lacksPicture({ reel }: Track): boolean {
    const waiting = reel.video.seeking || reel.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA;
    return waiting && !reel.failed && !reel.misses(this.#wall);
  }

  #place(tolerance = DRIFT_S * this.#rate): void {
    for (const track of this.#tracks) this.#placeOne(track, tolerance);
    this.#tell();
  }

  #placeOne({ reel, note, why }: Track, tolerance: number): void {
    reel.keepAt(this.#wall, tolerance);
    const misses = reel.misses(this.#wall);
    note.textContent = misses ? word(this, "gap") : reel.failed ? why : "";
    note.hidden = !note.textContent;
    if (misses || reel.failed || !this.#playing) reel.video.pause();
    else if (reel.video.paused) reel.play();
  }

  #tell(): void {
    this.#transport?.update();
    this.dispatchEvent(new CustomEvent("wall-time", { detail: this.#wall, bubbles: true }));
  }
}

/** Where all that have footage have a picture, if that is soon after the first has one; else where the first has. */
function firstPicture(all: WallSpan[][], span: WallSpan): number {
  const first = firstOutside(commonGaps(all), span);
  const recorded = all.filter((gaps) => !gaps.some((gap) => gap.from <= first && gap.to > first + TOGETHER_MS));
  return firstOutside(recorded.flat(), { from: first, to: span.to });
}

/** Where none of the tracks has a picture. */
function commonGaps(all: WallSpan[][]): WallSpan[] {
  const [first, ...others] = all;
  return others.reduce(
    (common, gaps) =>
      common.flatMap((one) =>
        gaps
          .map((gap) => ({ from: Math.max(one.from, gap.from), to: Math.min(one.to, gap.to) }))
          .filter(({ from, to }) => from < to),
      ),
    first ?? [],
  );
}

customElements.define("span-player", SpanPlayer);
