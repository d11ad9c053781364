// The media of a clip runs through pieces of wall time, one after the other; this tells which wall time a media time is,
// and back. All in milliseconds.
import type { WallSpan } from "./wall.js";

interface Piece extends WallSpan {
  /** Media time at which it begins. */
  media: number;
}

export class JoinedClip {
  #pieces: Piece[] = [];
  #end: number;

  /** `pieces` in the order of recording: one may begin before the one before it ends, where the clock was set back. */
  constructor(pieces: WallSpan[]) {
    let media = 0;
    for (const piece of pieces) {
      this.#pieces.push({ ...piece, media });
      media += piece.to - piece.from;
    }
    this.#end = media;
  }

  static of(clips: JoinedClip[]): JoinedClip {
    return new JoinedClip(clips.flatMap((clip) => clip.#pieces));
  }

  /** How long the media is. */
  get length(): number {
    return this.#end;
  }

  /** The wall time after the last picture; 0 without any. */
  get endMs(): number {
    const last = this.#pieces.at(-1);
    return last ? last.to : 0;
  }

  wallOf(mediaMs: number): number {
    const piece = this.#pieces.findLast((one) => one.media <= mediaMs) ?? this.#pieces[0];
    return piece ? piece.from + mediaMs - piece.media : mediaMs;
  }

  /** Of a moment that was recorded twice, where its clock was right already; of one that is missing, where the footage goes on. */
  mediaOf(wallMs: number): number {
    const piece = this.#pieces.findLast((one) => one.from <= wallMs && wallMs < one.to);
    if (piece) return piece.media + wallMs - piece.from;
    return this.#pieces.find((one) => one.from > wallMs)?.media ?? this.#end;
  }

  beginsAfter(wallMs: number): boolean {
    return this.#pieces.some((one) => one.from > wallMs);
  }

  misses(wallMs: number): boolean {
    return !this.#pieces.some((one) => one.from <= wallMs && wallMs < one.to);
  }

  /** What of the span lies in none of the pieces, in order. */
  gapsOf(span: WallSpan): WallSpan[] {
    const gaps: WallSpan[] = [];
    let at = span.from;
    for (const piece of [...this.#pieces].sort((one, other) => one.from - other.from)) {
      if (piece.from > at) gaps.push({ from: at, to: Math.min(piece.from, span.to) });
      at = Math.max(at, piece.to);
    }
    if (at < span.to) gaps.push({ from: at, to: span.to });
    return gaps;
  }
}
