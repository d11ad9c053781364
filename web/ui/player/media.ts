// What can be shown of a video element.

const BEFORE_END_S = 0.08;

/** The media time nearest to `wanted` that has a picture, in seconds: at the very end there is none any more. */
export function showable(video: HTMLVideoElement, wanted: number): number {
  const { duration, seekable } = video;
  const ends = [duration, seekable.length > 0 ? seekable.end(seekable.length - 1) : NaN].filter(Number.isFinite);
  const last = ends.length > 0 ? Math.max(Math.min(...ends) - BEFORE_END_S, 0) : Infinity;
  return Math.min(Math.max(wanted, 0), last);
}
