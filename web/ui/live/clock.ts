// The wall time of a media time, by the server's clock, so that this computer's wrong clock does no harm.

export interface ClockMessage {
  type: "clock";
  media_s: number;
  wall_ms: number;
  now_ms: number;
}

export class LiveClock {
  #wallAtZero: number | null = null;
  #serverAhead = -Infinity;

  accept(message: ClockMessage, hereMs: number): void {
    this.#wallAtZero = message.wall_ms - message.media_s * 1000;
    // The message with the shortest way tells the difference of the clocks best.
    this.#serverAhead = Math.max(this.#serverAhead, message.now_ms - hereMs);
  }

  reset(): void {
    this.#wallAtZero = null;
  }

  wallMs(mediaS: number): number | null {
    return this.#wallAtZero === null ? null : this.#wallAtZero + mediaS * 1000;
  }

  behindMs(mediaS: number, hereMs: number): number | null {
    const shown = this.wallMs(mediaS);
    return shown === null ? null : hereMs + this.#serverAhead - shown;
  }
}
