// <clip-player parts start timezone label at events autoplay>: one clip, with the wall time of its picture.
// With `autoplay` it plays by itself, from a little before `at`; without sound, or browsers would not allow it.
import { shadow, sheet } from "../sheets.js";
import { word } from "../words.js";
import { listenOnPage } from "./keys.js";
import { Reel } from "./reel.js";
import { TRANSPORT_STYLE, Transport, type Mark, type Playable } from "./transport.js";
import { wallAttribute, type WallSpan } from "./wall.js";

const LEAD_MS = 5_000;

const STYLE = sheet(`
  :host { background: var(--video, #10161b); color: var(--video-ink, #fff); }
  .box { display: grid; grid-template-rows: minmax(0, 1fr) auto; height: 100%; }
  .picture { position: relative; min-height: 0; }
  video { width: 100%; height: 100%; object-fit: contain; display: block; }
`);

export class ClipPlayer extends HTMLElement implements Playable {
  #box = document.createElement("div");
  #reel = new Reel(null);
  #problem = document.createElement("p");
  #transport: Transport | null = null;
  #start = 0;
  #end = 0;
  #unlisten = (): void => undefined;

  get #video(): HTMLVideoElement {
    return this.#reel.video;
  }

  get span(): WallSpan {
    return { from: this.#start, to: this.#end };
  }

  get wallMs(): number {
    return this.#reel.wallMs;
  }

  get paused(): boolean {
    return this.#video.paused;
  }

  get rate(): number {
    return this.#video.playbackRate;
  }

  set rate(rate: number) {
    this.#reel.rate = rate;
  }

  get audible(): boolean | null {
    return this.#reel.audible;
  }

  hear(audible: boolean): void {
    this.#video.muted = !audible;
  }

  connectedCallback(): void {
    this.#start = wallAttribute(this, "start");
    this.#reel = new Reel(this.getAttribute("parts"));
    this.tabIndex = 0;
    this.#problem.className = "problem";
    this.#problem.setAttribute("role", "status");
    this.#video.preload = "metadata";
    this.#video.setAttribute("aria-label", this.getAttribute("label") ?? "");
    const picture = document.createElement("div");
    picture.className = "picture";
    picture.append(this.#video, this.#problem);
    this.#box.className = "box";
    this.#box.replaceChildren(picture);
    shadow(this, STYLE, this.#box).adoptedStyleSheets.push(TRANSPORT_STYLE);
    this.#follow();
    this.#video.muted = this.hasAttribute("autoplay");
    if (this.#reel.isMade) this.#problem.textContent = word(this, "clip-masking");
    this.#reel.load();
    this.#unlisten = listenOnPage((event) => this.#transport?.key(event) ?? false);
  }

  disconnectedCallback(): void {
    this.#unlisten();
    this.#reel.close();
  }

  play(): void {
    this.#reel.play();
  }

  pause(): void {
    this.#video.pause();
  }

  seekWall(ms: number): void {
    const playing = !this.paused;
    this.#reel.seek(ms);
    if (playing) this.play();
  }

  #follow(): void {
    this.#video.addEventListener("loadedmetadata", () => this.#begin(), { once: true });
    this.#video.addEventListener("error", () => void this.#explain());
    this.#video.addEventListener("loadeddata", () => (this.#problem.textContent = ""));
    this.#video.addEventListener("ended", () => this.#goOn());
    this.#video.addEventListener("click", () => this.#transport?.toggle());
    for (const name of ["timeupdate", "seeked", "play", "pause", "ratechange"]) {
      this.#video.addEventListener(name, () => this.#tell());
    }
    this.addEventListener("keydown", (event) => {
      if (this.#transport?.key(event)) event.preventDefault();
    });
  }

  #begin(): void {
    this.#end = this.#reel.endMs;
    this.#problem.textContent = "";
    const marks = JSON.parse(this.getAttribute("events") || "[]") as { at: string; label: string }[];
    const timed: Mark[] = marks.map(({ at, label }) => ({ at: Date.parse(at), label }));
    this.#transport = new Transport(this, this, this.#reel.gapsOf(this.span), timed);
    this.#box.append(this.#transport.bar);
    const asked = this.hasAttribute("autoplay");
    const at = this.hasAttribute("at") ? wallAttribute(this, "at") : this.#start;
    this.seekWall(asked ? at - LEAD_MS : at);
    this.#tell();
    if (asked) this.play();
  }

  #goOn(): void {
    if (this.#reel.next()) this.play();
  }

  #tell(): void {
    const end = this.#reel.endMs;
    if (Number.isFinite(end)) this.#end = end; // later than was thought, where a part of it turned out to be lost
    this.#transport?.update();
    this.dispatchEvent(new CustomEvent("wall-time", { detail: this.wallMs, bubbles: true }));
  }

  /** Says in the page's language why there is no clip. */
  async #explain(): Promise<void> {
    const reason = await this.#reel.whyNot();
    if (!this.#reel.failed) return; // it goes on over what is lost
    this.#problem.textContent = word(this, reason);
  }
}

customElements.define("clip-player", ClipPlayer);
