// Footage in parts: where the camera's format changes, one file ends and the next begins. One video plays them in turn.
import { JoinedClip } from "./joined.js";
import { showable } from "./media.js";
import { hasSound } from "./sound.js";
import { spansOf, type WallSpan } from "./wall.js";

/** More than a clip's length differs from that of its pieces where both are of the same footage. */
const SHORTER_MS = 1_000;

interface Part {
  src: string;
  joined: JoinedClip;
  /** It is made when it is asked for, which takes a while. */
  made: boolean;
  /** The server was asked what can be read of it. */
  asked: boolean;
}

export class Reel {
  readonly video = document.createElement("video");
  #parts: Part[];
  #whole: JoinedClip;
  #now = 0;
  #failed = false;
  /** The wall time that was sought, if nothing has been played since. */
  #sought: number | null = null;

  /** From JSON `[{"src": …, "pieces": [[from, to], …]}, …]`, in the order of time. Nothing is loaded before `load`. */
  constructor(json: string | null | undefined) {
    const parts = JSON.parse(json || "[]") as { src: string; pieces: [string, string][]; made?: boolean }[];
    const spans = parts.map(({ pieces }) => spansOf(pieces));
    this.#parts = parts.map(({ src, made }, number) => ({ src, joined: new JoinedClip(spans[number] ?? []), made: made ?? false, asked: false }));
    this.#whole = JoinedClip.of(this.#parts.map(({ joined }) => joined));
    this.video.playsInline = true;
    this.video.addEventListener("error", () => {
      this.#failed = true;
      void this.#goOnOverLost();
    });
    this.video.addEventListener("playing", () => (this.#sought = null));
    this.video.addEventListener("loadedmetadata", () => {
      if (Math.abs(this.video.duration * 1000 - this.#joined.length) > SHORTER_MS) void this.#goOnOverLost();
    });
  }

  /** Whether the part of now cannot be played. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Whether the part of now is only made when it is asked for. */
  get isMade(): boolean {
    return this.#parts[this.#now]?.made ?? false;
  }

  get wallMs(): number {
    return this.#joined.wallOf(this.video.currentTime * 1000);
  }

  /** The wall time after the last picture, as far as is known. */
  get endMs(): number {
    return this.#parts.length > 1 ? this.#whole.endMs : this.#joined.wallOf(this.video.duration * 1000);
  }

  /** Stays what it is when another part is loaded. */
  set rate(rate: number) {
    this.video.defaultPlaybackRate = this.video.playbackRate = rate;
  }

  get audible(): boolean | null {
    return hasSound(this.video) ? !this.video.muted : null;
  }

  misses(wallMs: number): boolean {
    return this.#whole.misses(wallMs);
  }

  gapsOf(span: WallSpan): WallSpan[] {
    return this.#whole.gapsOf(span);
  }

  load(): void {
    this.#turnTo(this.#now);
  }

  play(): void {
    this.video.play().catch(() => undefined);
  }

  /** Shows the picture of this moment, or where the footage goes on after it. */
  seek(wallMs: number): void {
    this.#sought = wallMs;
    const number = this.#numberAt(wallMs);
    if (number !== this.#now) this.#turnTo(number);
    this.video.currentTime = this.#mediaAt(wallMs);
  }

  /** The same if another picture is shown by more than so many seconds. */
  keepAt(wallMs: number, tolerance: number): void {
    const elsewhere = this.#numberAt(wallMs) !== this.#now;
    const off = Math.abs(this.video.currentTime - this.#mediaAt(wallMs));
    if (elsewhere || (!this.#failed && off > tolerance && !this.video.seeking)) this.seek(wallMs);
  }

  /** Goes on with the next part; says whether there is one. */
  next(): boolean {
    if (this.#now + 1 >= this.#parts.length) return false;
    this.#turnTo(this.#now + 1);
    return true;
  }

  /** The word for why the part of now cannot be played: a video element cannot tell, so the server is asked. */
  async whyNot(): Promise<"clip-undecodable" | "clip-missing" | "gap"> {
    if (!this.#parts.length) return "gap";
    const answer = await fetch(this.video.src, { headers: { Range: "bytes=0-0" } }).catch(() => null);
    return answer?.ok ? "clip-undecodable" : answer?.status === 404 ? "gap" : "clip-missing";
  }

  close(): void {
    this.video.removeAttribute("src");
    this.video.load();
  }

  get #joined(): JoinedClip {
    return this.#parts[this.#now]?.joined ?? this.#whole;
  }

  #mediaAt(wallMs: number): number {
    return showable(this.video, this.#joined.mediaOf(wallMs) / 1000);
  }

  #numberAt(wallMs: number): number {
    const last = Math.max(this.#parts.length - 1, 0);
    const holding = this.#parts.findIndex(({ joined }) => !joined.misses(wallMs));
    const following = this.#parts.findIndex(({ joined }) => joined.beginsAfter(wallMs));
    return holding >= 0 ? holding : following >= 0 ? following : last;
  }

  /** Asks what of the part of now can still be read, once, and shows the moment of now by that. */
  async #goOnOverLost(): Promise<void> {
    const number = this.#now;
    const part = this.#parts[number];
    if (!part || part.asked) return;
    part.asked = true;
    const answer = await fetch(part.src.replace("/clip.mp4?", "/clip.json?")).catch(() => null);
    if (!answer?.ok) return;
    const { pieces } = (await answer.json()) as { pieces: [string, string][] };
    const joined = new JoinedClip(spansOf(pieces));
    if (number !== this.#now || !pieces.length || Math.abs(joined.length - part.joined.length) < SHORTER_MS) return;
    const wall = this.#sought ?? this.wallMs;
    const playing = !this.video.paused;
    part.joined = joined;
    this.#whole = JoinedClip.of(this.#parts.map((one) => one.joined));
    if (this.#failed) {
      part.src += "&again=1"; // under the same address browsers put it together with what they have of the other one
      this.#turnTo(number);
    }
    this.seek(wall);
    if (playing) this.play();
  }

  /** Has it made before it is played. */
  #prepare(number: number): void {
    const part = this.#parts[number];
    if (part?.made) void fetch(part.src, { headers: { Range: "bytes=0-0" } }).catch(() => undefined);
  }

  #turnTo(number: number): void {
    this.#now = number;
    this.#failed = false;
    this.video.src = this.#parts[number]?.src ?? "";
    this.video.addEventListener("loadeddata", () => this.#prepare(number + 1), { once: true });
  }
}
