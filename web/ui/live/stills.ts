// Pictures of a camera that has privacy masks: its newest recorded still, masked by the server, again and again.
import type { Player, PlayerEvents } from "./player.js";

const EVERY_MS = 3000;

export class StillPlayer implements Player {
  #video: HTMLVideoElement;
  #events: PlayerEvents;
  #address: string;
  #timer = 0;
  #stopped = false;
  /** On the page's own clock. */
  #takenAt: number | null = null;

  constructor(video: HTMLVideoElement, camera: string, _stream: string, events: PlayerEvents) {
    this.#video = video;
    this.#events = events;
    this.#address = `/media/still.jpg?camera=${encodeURIComponent(camera)}`;
    void this.#ask();
  }

  delayMs(): number | null {
    return this.#takenAt === null ? null : performance.now() - this.#takenAt;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    URL.revokeObjectURL(this.#video.poster);
    this.#video.removeAttribute("poster");
  }

  async #ask(): Promise<void> {
    const answer = await fetch(this.#address).catch(() => null);
    const jpeg = answer?.ok ? await answer.blob().catch(() => null) : null;
    if (this.#stopped) return;
    if (answer?.status === 401 || answer?.status === 403) return this.#lose();
    if (answer && jpeg) this.#show(jpeg, answer.headers);
    else this.#events.waiting("stalled");
    this.#timer = window.setTimeout(() => void this.#ask(), EVERY_MS);
  }

  #show(jpeg: Blob, headers: Headers): void {
    URL.revokeObjectURL(this.#video.poster);
    this.#video.poster = URL.createObjectURL(jpeg);
    // Both by the server's clock: the reader's may be wrong.
    this.#takenAt = performance.now() - (Date.parse(headers.get("Date") ?? "") - Date.parse(headers.get("Last-Modified") ?? ""));
    this.#events.playing();
  }

  #lose(): void {
    this.stop();
    this.#events.lost("denied");
  }
}
