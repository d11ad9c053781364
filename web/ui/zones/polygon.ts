// Polygons of a zone: corners [x, y], each 0..1 from the top left. Every change gives a new polygon.

export type Corner = readonly [number, number];
export type Polygon = readonly Corner[];

const FEWEST = 3;

export function clamp(value: number): number {
  return Math.min(Math.max(Math.round(value * 10000) / 10000, 0), 1);
}

export function moveCorner(polygon: Polygon, index: number, to: Corner): Polygon {
  return polygon.map((corner, at) => (at === index ? ([clamp(to[0]), clamp(to[1])] as const) : corner));
}

/** Moves the whole; stops at the picture's edge and keeps its shape. */
export function moveAll(polygon: Polygon, dx: number, dy: number): Polygon {
  const xs = polygon.map(([x]) => x);
  const ys = polygon.map(([, y]) => y);
  const bounded = (by: number, values: number[]): number =>
    Math.min(Math.max(by, -Math.min(...values)), 1 - Math.max(...values));
  const [x, y] = [bounded(dx, xs), bounded(dy, ys)];
  return polygon.map((corner) => [clamp(corner[0] + x), clamp(corner[1] + y)] as const);
}

/** Adds a corner in the middle of the edge that begins at `index`. */
export function addAfter(polygon: Polygon, index: number): Polygon {
  const here = polygon[index];
  const next = polygon[(index + 1) % polygon.length];
  if (!here || !next) return polygon;
  const middle = [clamp((here[0] + next[0]) / 2), clamp((here[1] + next[1]) / 2)] as const;
  return [...polygon.slice(0, index + 1), middle, ...polygon.slice(index + 1)];
}

/** A polygon keeps at least three corners. */
export function remove(polygon: Polygon, index: number): Polygon {
  return polygon.length <= FEWEST ? polygon : polygon.filter((_, at) => at !== index);
}

export const STARTING: Polygon = [
  [0.3, 0.3],
  [0.7, 0.3],
  [0.7, 0.7],
  [0.3, 0.7],
];
