// What a tile knows of the two ways in which live pictures come.

export type Loss = "network" | "denied" | "unsupported" | "recorder_down" | "not_recorded" | "sub_lost";

export interface PlayerEvents {
  /** Pictures move. */
  playing(): void;
  /** The main stream comes in place of the sub-stream, or no longer. */
  instead(yes: boolean): void;
  /** Nothing has come for a while, or the server says why; the connection stays. */
  waiting(reason: Loss | "stalled"): void;
  /** The connection is over; the player has cleaned up after itself. */
  lost(reason: Loss): void;
}

export interface Player {
  /** Milliseconds between the moment shown and now, null while unknown. */
  delayMs(): number | null;
  stop(): void;
}
