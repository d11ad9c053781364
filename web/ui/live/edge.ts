// Keeps a live video near its newest picture. Decisions only; the caller acts.

export interface Buffered {
  start: number;
  end: number;
}

export interface Move {
  seekTo?: number;
  rate: number;
}

const AIM_S = 0.2;
const HURRY_S = 0.6;
const RELAX_S = 0.35;
const SEEK_S = 2.5;

/** Where to go and how fast, given the newest buffered span: seek over a long way, hurry over a short one. */
export function follow(buffered: Buffered, at: number, rate: number): Move {
  const behind = buffered.end - at;
  if (at < buffered.start || behind > SEEK_S || behind < -0.5) {
    return { seekTo: Math.max(buffered.start, buffered.end - AIM_S), rate: 1 };
  }
  if (behind > HURRY_S) return { rate: 1.15 };
  return { rate: behind < RELAX_S ? 1 : rate };
}

const KEEP_S = 10;

/** Up to where the played past may be forgotten, or null while it is short. */
export function forgettable(first: Buffered, at: number): number | null {
  return at - first.start > 2 * KEEP_S ? at - KEEP_S : null;
}
