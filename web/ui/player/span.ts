// <span-player from to timezone>: the clips of its <figure data-src data-pieces> children, together, by wall time.
// It begins where the address says: #t=14:03:20.
import { shadow, sheet } from "../sheets.js";
import { word } from "../words.js";
import { JoinedClip } from "./joined.js";
import { listenOnPage } from "./keys.js";
import { showable } from "./media.js";
import { hasSound } from "./sound.js";
import { TRANSPORT_STYLE, Transport, type Mark, type Playable } from "./transport.js";
import { addressedWall, firstOutside, spansOf, wallAttribute, type WallSpan } from "./wall.js";

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
  video: HTMLVideoElement;
  note: HTMLElement;
  gaps: WallSpan[];
  joined: JoinedClip;
  failed: boolean;
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
    for (const { video } of this.#tracks) video.playbackRate = rate;
    this.#tell();
  }

  get audible(): boolean | null {
    const sounding = this.#tracks.filter(({ video }) => hasSound(video));
    return sounding.length ? sounding.some(({ video }) => !video.muted) : null;
  }

  hear(audible: boolean): void {
    for (const { video } of this.#tracks) video.muted = !audible;
  }

  connectedCallback(): void {
    this.#from = this.#wall = wallAttribute(this, "from");
    this.#to = wallAttribute(this, "to");
    this.tabIndex = 0;
    this.#tracks = [...this.querySelectorAll<HTMLElement>("figure[data-src]")].map((figure) => this.#track(figure));
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
    for (const { picture, video } of this.#tracks) {
      video.removeAttribute("src");
      video.load();
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
    const video = document.createElement("video");
    Object.assign(video, { muted: true, playsInline: true, preload: "auto", src: figure.dataset["src"] ?? "" });
    video.setAttribute("aria-label", figure.querySelector("figcaption")?.textContent ?? "");
    const note = document.createElement("p");
    note.className = "nothing";
    note.hidden = true;
    const picture = document.createElement("div");
    picture.className = "picture";
    picture.append(video, note);
    figure.prepend(picture);
    const joined = new JoinedClip(spansOf(figure.dataset["pieces"]));
    const track: Track = { picture, video, note, gaps: joined.gapsOf(this.span), joined, failed: false };
    video.addEventListener("error", () => {
      track.failed = true;
      this.#place();
    });
    return track;
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

  #lacksPicture(track: Track): boolean {
    const waiting = track.video.seeking || track.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA;
    return waiting && !track.failed && !track.joined.misses(this.#wall);
  }

  #place(tolerance = DRIFT_S * this.#rate): void {
    for (const track of this.#tracks) this.#placeOne(track, tolerance);
    this.#tell();
  }

  #placeOne(track: Track, tolerance: number): void {
    const { video, note, joined } = track;
    const missing = track.failed || track.joined.misses(this.#wall);
    note.hidden = !missing;
    note.textContent = missing ? word(this, "gap") : "";
    if (missing || !this.#playing) video.pause();
    else if (video.paused) video.play().catch(() => undefined);
    const wanted = showable(video, joined.mediaOf(this.#wall) / 1000);
    if (!track.failed && Math.abs(video.currentTime - wanted) > tolerance && !video.seeking) video.currentTime = wanted;
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
