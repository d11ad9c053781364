// Where a corner goes that is let go near something: onto a corner, onto an edge, or level with them.
import type { Corner, Polygon } from "./polygon.js";

/** Beside what a corner is drawn: what it may lie on, and what it may be level with. */
export type Surroundings = { readonly polygons: readonly Polygon[]; readonly level: readonly Corner[] };
/** How far it reaches, across and down, in shares of the picture. */
export type Reach = readonly [number, number];

const BORDER: Polygon = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];

export function snapped(at: Corner, around: Surroundings, reach: Reach): Corner {
  const polygons = [...around.polygons, BORDER];
  const corner = nearest(at, polygons.flat(), reach);
  const edge = corner ?? nearest(at, polygons.flatMap((polygon) => footprints(at, polygon, reach)), reach);
  return edge ?? levelled(at, around.level, reach);
}

/** By how much the whole polygon moves so that one of its corners lies on another's. */
export function snappedBy(polygon: Polygon, others: readonly Polygon[], reach: Reach): readonly [number, number] {
  const ways = polygon.flatMap((corner) => {
    const to = nearest(corner, [...others, BORDER].flat(), reach);
    return to ? [[to[0] - corner[0], to[1] - corner[1]] as const] : [];
  });
  return nearest([0, 0], ways, reach) ?? [0, 0];
}

function nearest(at: Corner, places: readonly Corner[], reach: Reach): Corner | null {
  const near = places.filter((place) => apart(at, place, reach) <= 1);
  return near.sort((one, other) => apart(at, one, reach) - apart(at, other, reach))[0] ?? null;
}

function apart(one: Corner, other: Corner, [across, down]: Reach): number {
  return Math.hypot((one[0] - other[0]) / across, (one[1] - other[1]) / down);
}

/** The nearest point of each edge, as it looks on the screen. */
function footprints(at: Corner, polygon: Polygon, [across, down]: Reach): Corner[] {
  return polygon.map(([x1, y1], index) => {
    const [x2, y2] = polygon[(index + 1) % polygon.length] ?? [x1, y1];
    const [dx, dy] = [(x2 - x1) / across, (y2 - y1) / down];
    const along = (((at[0] - x1) / across) * dx + ((at[1] - y1) / down) * dy) / (dx * dx + dy * dy || 1);
    const share = Math.min(Math.max(along, 0), 1);
    return [x1 + share * (x2 - x1), y1 + share * (y2 - y1)] as const;
  });
}

function levelled([x, y]: Corner, level: readonly Corner[], [across, down]: Reach): Corner {
  const near = (value: number, values: number[], reach: number): number =>
    values.filter((other) => Math.abs(other - value) <= reach).sort((a, b) => Math.abs(a - value) - Math.abs(b - value))[0] ?? value;
  return [near(x, level.map(([other]) => other), across), near(y, level.map(([, other]) => other), down)];
}
