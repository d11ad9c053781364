// <live-tile camera stream="sub|main" mode="mse|whep" label delay masked purpose crop="x y width height">: one camera, now; of its picture the part
// `crop` (shares 0..1), else the whole. What the tile has room for around the crop is a little darker: it is of the neighbours.
//
// With `masked` it shows masked stills, because live pictures have no privacy masks; with `purpose` it says why it may do without.
// Writes `state` (connecting, live, stalled, offline, unsupported, denied, paused), `via` (mse, whep) and the property
// `delayMs`. Connects while it can be seen, reconnects with growing pauses, takes MSE where WHEP does not work and the
// sub-stream where the main stream cannot be decoded. Has the attribute `instead` while the main stream comes in place of a
// sub-stream that brings no picture.
import { shadow, sheet } from "../sheets.js";
import { svg } from "../svg.js";
import { word } from "../words.js";
import { aroundCrop, cropOf, zoomOn } from "./crop.js";
import { MsePlayer } from "./mse.js";
import type { Loss, Player } from "./player.js";
import { StillPlayer } from "./stills.js";
import { WhepPlayer } from "./whep.js";

export type TileState = "connecting" | "live" | "stalled" | "offline" | "unsupported" | "denied" | "paused";

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15000;
const STEADY_MS = 10000;
const OUT_OF_SIGHT_MS = 3000;

/** What a tile without a picture says, where its state alone does not tell. */
const NOTES: Partial<Record<Loss | "stalled", string>> = { not_recorded: "live-off", sub_lost: "live-sub_lost" };

const STYLE = sheet(`
  :host { display: block; position: relative; overflow: hidden; container-type: inline-size;
    background: var(--video, #10161b); color: var(--video-ink, #fff); }
  video { width: 100%; height: 100%; object-fit: contain; display: block; }
  svg { position: absolute; inset: 0; width: 100%; height: 100%; fill: rgb(0 0 0 / 45%); fill-rule: evenodd; pointer-events: none; }
  :host(:not([state="live"])) svg { display: none; }
  .note { position: absolute; inset: 0; display: grid; place-items: center; padding: clamp(0.375rem, 4cqi, 1rem); text-align: center;
    font-size: clamp(0.6875rem, 6cqi, 0.8125rem); text-shadow: 0 1px 2px #000; pointer-events: none; }
  :host([state="live"]) .note { display: none; }
  :host([state="stalled"]) video, :host([state="offline"]) video { opacity: 0.45; }
  .delay { position: absolute; right: 0.5rem; bottom: 0.375rem; max-width: calc(100% - 0.5rem - var(--plate, 0.5rem)); padding: 0 0.375rem; border-radius: 4px; font-size: 0.6875rem;
    background: var(--video-plate, rgb(0 0 0 / 0.6)); font-variant-numeric: tabular-nums; pointer-events: none; }
  .instead { position: absolute; left: 0.5rem; top: 0.375rem; max-width: calc(100% - 1rem); padding: 0 0.375rem; border-radius: 4px;
    font-size: 0.6875rem; background: var(--video-plate, rgb(0 0 0 / 0.6)); pointer-events: none; }
  .delay:empty, .instead:empty { display: none; }
`);

export class LiveTile extends HTMLElement {
  #video = document.createElement("video");
  #around = svg("svg", { "aria-hidden": "true" });
  #note = document.createElement("p");
  #delay = document.createElement("span");
  #instead = document.createElement("span");
  #player: Player | null = null;
  #via: "mse" | "whep" = "mse";
  #stream = "sub";
  #retryMs = FIRST_RETRY_MS;
  #timer = 0;
  #ticker = 0;
  #inSight = false;
  #sight = new IntersectionObserver((entries) => this.#see(entries.some((entry) => entry.isIntersecting)));

  get delayMs(): number | null {
    return this.#player?.delayMs() ?? null;
  }

  get video(): HTMLVideoElement {
    return this.#video;
  }

  static get observedAttributes(): string[] {
    return ["crop"];
  }

  attributeChangedCallback(): void {
    this.#crop();
  }

  connectedCallback(): void {
    this.#video.muted = true;
    this.#video.playsInline = true;
    this.#video.disablePictureInPicture = true;
    this.#video.setAttribute("aria-label", this.getAttribute("label") ?? "");
    this.#note.className = "note";
    this.#note.setAttribute("role", "status");
    this.#delay.className = "delay";
    this.#instead.className = "instead";
    shadow(this, STYLE, this.#video, this.#around, this.#note, this.#delay, this.#instead);
    this.#video.addEventListener("resize", this.#crop);
    this.#via = this.getAttribute("mode") === "whep" ? "whep" : "mse";
    this.#stream = this.getAttribute("stream") ?? (this.#via === "whep" ? "main" : "sub");
    this.#setState("connecting");
    this.#sight.observe(this);
    document.addEventListener("visibilitychange", this.#onVisibility);
    this.#ticker = window.setInterval(() => this.#showDelay(), 1000);
  }

  disconnectedCallback(): void {
    this.#sight.disconnect();
    document.removeEventListener("visibilitychange", this.#onVisibility);
    clearInterval(this.#ticker);
    clearTimeout(this.#timer);
    this.#stop();
  }

  /** Enlarges the video through its style object, because inline style attributes are forbidden; what dims it lies on it. */
  #crop = (): void => {
    const { videoWidth, videoHeight } = this.#video;
    const layers = [this.#video.style, this.#around.style];
    this.#around.replaceChildren();
    const crop = cropOf(this.getAttribute("crop"));
    if (!crop || !videoHeight || !this.clientHeight) {
      for (const style of layers) style.removeProperty("transform");
      return;
    }
    const { scale, left, top } = zoomOn(crop, videoWidth / videoHeight, this.clientWidth / this.clientHeight);
    this.#around.setAttribute("viewBox", `0 0 ${videoWidth} ${videoHeight}`);
    this.#around.append(svg("path", { d: aroundCrop(crop, videoWidth, videoHeight) }));
    for (const style of layers) {
      style.transformOrigin = "0 0";
      style.transform = `scale(${scale}) translate(${-100 * left}%, ${-100 * top}%)`;
    }
  };

  #onVisibility = (): void => this.#see(this.#inSight);

  #see(inSight: boolean): void {
    this.#inSight = inSight;
    clearTimeout(this.#timer);
    if (inSight && !document.hidden) {
      if (!this.#player) this.#start();
    } else {
      this.#timer = window.setTimeout(() => this.#pause(), OUT_OF_SIGHT_MS);
    }
  }

  #pause(): void {
    this.#stop();
    this.#setState("paused");
  }

  #start(): void {
    const camera = this.getAttribute("camera") ?? "";
    const startedAt = performance.now();
    const events = {
      playing: (): void => this.#setState("live"),
      waiting: (reason: Loss | "stalled"): void =>
        this.#setState(reason === "stalled" ? "stalled" : "offline", NOTES[reason]),
      instead: (yes: boolean): void => this.#showInstead(yes),
      lost: (reason: Loss): void => this.#recover(reason, performance.now() - startedAt > STEADY_MS),
    };
    this.#setState("connecting");
    this.setAttribute("via", this.#via);
    const Way = this.hasAttribute("masked") ? StillPlayer : this.#via === "whep" ? WhepPlayer : MsePlayer;
    this.#player = new Way(this.#video, camera, this.#asked, events);
  }

  /** The stream, and why it has to be seen without privacy masks where somebody has said so. */
  get #asked(): string {
    const purpose = this.getAttribute("purpose");
    return purpose ? `${this.#stream}&purpose=${encodeURIComponent(purpose)}` : this.#stream;
  }

  #stop(): void {
    this.#player?.stop();
    this.#player = null;
    this.#showInstead(false);
  }

  #recover(reason: Loss, wasSteady: boolean): void {
    this.#player = null;
    this.#showInstead(false);
    if (reason === "denied") return this.#setState("denied");
    if (this.#via === "whep" && !wasSteady) {
      this.#via = "mse";
      return this.#start();
    }
    if (reason === "unsupported" && this.#stream === "main") {
      this.#stream = "sub";
      return this.#start();
    }
    if (reason === "unsupported") return this.#setState("unsupported");
    this.#setState("offline");
    this.#retryMs = wasSteady ? FIRST_RETRY_MS : Math.min(this.#retryMs * 2, LAST_RETRY_MS);
    const spread = 0.75 + Math.random() / 2;
    this.#timer = window.setTimeout(() => this.#see(this.#inSight), this.#retryMs * spread);
  }

  #setState(state: TileState, note = `live-${state}`): void {
    const words = state === "live" ? "" : word(this, note);
    if (this.#note.textContent !== words) this.#note.textContent = words;
    if (this.getAttribute("state") === state) return;
    this.setAttribute("state", state);
    if (state === "live") this.#crop();
    this.dispatchEvent(new CustomEvent("live-state", { detail: state, bubbles: true }));
  }

  #showInstead(yes: boolean): void {
    this.toggleAttribute("instead", yes);
    this.#instead.textContent = yes ? word(this, "live-instead") : "";
  }

  #showDelay(): void {
    const delay = this.delayMs;
    const masked = this.hasAttribute("masked");
    const shown = this.getAttribute("state") === "live" && delay !== null && (masked || this.hasAttribute("delay"));
    const values = masked ? { s: Math.max(0, Math.round((delay ?? 0) / 1000)) } : { ms: Math.max(0, Math.round((delay ?? 0) / 10) * 10) };
    this.#delay.textContent = shown ? word(this, masked ? "live-masked" : "live-delay", values) : "";
  }
}

customElements.define("live-tile", LiveTile);
