// Live pictures as fragmented MP4 over a WebSocket, shown through Media Source Extensions.
import { LiveClock, type ClockMessage } from "./clock.js";
import { follow, forgettable, type Buffered } from "./edge.js";
import type { Loss, Player, PlayerEvents } from "./player.js";

interface StartMessage {
  type: "start";
  codecs: string;
  width: number;
  height: number;
  instead: boolean;
}

interface OfflineMessage {
  type: "offline";
  reason: "recorder_down" | "not_recorded";
}

type Message = StartMessage | ClockMessage | OfflineMessage;

const STALLED_MS = 4000;
const DEAD_MS = 20000;
const CODES: Record<number, Loss> = { 1008: "denied", 4401: "denied" };

export class MsePlayer implements Player {
  #video: HTMLVideoElement;
  #events: PlayerEvents;
  #socket: WebSocket;
  #source = new MediaSource();
  #buffer: SourceBuffer | null = null;
  #queue: (ArrayBuffer | string)[] = [];
  #clock = new LiveClock();
  #arrivedAt = performance.now();
  #watchdog: number;
  /** Media time of the picture on the screen; `currentTime` may lag behind it, or run ahead, on a busy computer. */
  #shownS: number | null = null;
  #frameCallback: number;
  /** What comes cannot be shown here; something else may follow. */
  #skipping = false;
  /** The server has said that nothing comes. */
  #offline = false;
  #waiting = false;
  #stopped = false;

  constructor(video: HTMLVideoElement, camera: string, stream: string, events: PlayerEvents) {
    this.#video = video;
    this.#events = events;
    video.srcObject = null;
    video.src = URL.createObjectURL(this.#source);
    this.#source.addEventListener("sourceopen", () => this.#pump(), { once: true });
    video.addEventListener("playing", this.#onPlaying);
    const address = new URL(`/live/${encodeURIComponent(camera)}/mse?stream=${stream}`, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    this.#socket = new WebSocket(address);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => this.#accept(event.data);
    this.#socket.onclose = (event) => this.#lose(CODES[event.code] ?? "network");
    this.#watchdog = window.setInterval(() => this.#watch(), 1000);
    this.#frameCallback = video.requestVideoFrameCallback(this.#onFrame);
  }

  delayMs(): number | null {
    return this.#shownS === null ? null : this.#clock.behindMs(this.#shownS, Date.now());
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    clearInterval(this.#watchdog);
    this.#video.cancelVideoFrameCallback(this.#frameCallback);
    this.#socket.onclose = this.#socket.onmessage = null;
    this.#socket.close();
    this.#video.removeEventListener("playing", this.#onPlaying);
    URL.revokeObjectURL(this.#video.src);
    this.#video.removeAttribute("src");
    this.#video.load();
  }

  #onPlaying = (): void => this.#events.playing();

  #onFrame = (_now: number, frame: VideoFrameCallbackMetadata): void => {
    this.#shownS = frame.mediaTime;
    this.#frameCallback = this.#video.requestVideoFrameCallback(this.#onFrame);
  };

  #accept(data: string | ArrayBuffer): void {
    if (typeof data === "string") return this.#hear(JSON.parse(data) as Message);
    this.#arrivedAt = performance.now();
    if (this.#skipping) return;
    if (this.#waiting) this.#events.playing();
    this.#waiting = false;
    this.#queue.push(data);
    this.#pump();
  }

  #hear(message: Message): void {
    if (message.type === "clock") return this.#clock.accept(message, Date.now());
    this.#offline = message.type === "offline";
    this.#arrivedAt = performance.now();
    if (message.type === "offline") return this.#wait(message.reason);
    const type = `video/mp4; codecs="${message.codecs}"`;
    const shown = message.codecs !== "" && MediaSource.isTypeSupported(type);
    this.#skipping = message.instead && !shown;
    this.#events.instead(message.instead && shown);
    if (this.#skipping) return this.#wait("sub_lost");
    if (!shown) return this.#lose("unsupported");
    this.#clock.reset();
    this.#queue.push(type);
    this.#pump();
  }

  /** Appends what waits, in order; a string is the type of what follows it. */
  #pump(): void {
    if (this.#source.readyState !== "open" || this.#buffer?.updating) return;
    const next = this.#queue[0];
    if (next === undefined) return this.#follow();
    try {
      if (typeof next === "string") this.#setType(next);
      else this.#buffer?.appendBuffer(next);
      this.#queue.shift();
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "QuotaExceededError")) return this.#lose("network");
      this.#buffer?.remove(0, Math.max(0.1, this.#video.currentTime - 1));
      return;
    }
    if (typeof next === "string") this.#pump();
  }

  #setType(type: string): void {
    if (this.#buffer) return this.#buffer.changeType(type);
    this.#buffer = this.#source.addSourceBuffer(type);
    this.#buffer.addEventListener("updateend", () => this.#pump());
    this.#buffer.addEventListener("error", () => this.#lose("network"));
  }

  #follow(): void {
    const [first, newest] = this.#spans();
    if (!first || !newest) return;
    const move = follow(newest, this.#video.currentTime, this.#video.playbackRate);
    if (move.seekTo !== undefined) this.#video.currentTime = move.seekTo;
    this.#video.playbackRate = move.rate;
    if (this.#video.paused) this.#video.play().catch(() => undefined);
    const past = forgettable(first, this.#video.currentTime);
    if (past !== null) this.#buffer?.remove(0, past);
  }

  #spans(): [Buffered | undefined, Buffered | undefined] {
    const buffered = this.#buffer?.buffered;
    if (!buffered?.length) return [undefined, undefined];
    const at = (index: number): Buffered => ({ start: buffered.start(index), end: buffered.end(index) });
    return [at(0), at(buffered.length - 1)];
  }

  #watch(): void {
    const silent = performance.now() - this.#arrivedAt;
    if (silent > DEAD_MS) this.#lose("network");
    else if (silent > STALLED_MS && !this.#offline) this.#wait("stalled");
  }

  #wait(reason: Loss | "stalled"): void {
    this.#waiting = true;
    this.#events.waiting(reason);
  }

  #lose(reason: Loss): void {
    if (this.#stopped) return;
    this.stop();
    this.#events.lost(reason);
  }
}
