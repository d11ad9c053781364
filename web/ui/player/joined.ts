// A clip is joined over what is missing; this tells which wall time a media time is, and back. All in milliseconds.
import type { WallSpan } from "./wall.js";

export class JoinedClip {
  #from: number;
  #gaps: WallSpan[];

  /** `gaps` lie within the clip's span and do not overlap. */
  constructor(from: number, gaps: WallSpan[]) {
    this.#from = from;
    this.#gaps = [...gaps].sort((one, other) => one.from - other.from);
  }

  wallOf(mediaMs: number): number {
    let wall = this.#from + mediaMs;
    for (const gap of this.#gaps) {
      if (wall < gap.from) break;
      wall += gap.to - Math.max(gap.from, this.#from);
    }
    return wall;
  }

  /** Within a gap: where the footage goes on after it. */
  mediaOf(wallMs: number): number {
    let missing = 0;
    for (const gap of this.#gaps) {
      const begins = Math.max(gap.from, this.#from);
      if (wallMs > begins) missing += Math.min(wallMs, gap.to) - begins;
    }
    return wallMs - this.#from - missing;
  }

  misses(wallMs: number): boolean {
    return this.#gaps.some((gap) => gap.from <= wallMs && wallMs < gap.to);
  }
}
