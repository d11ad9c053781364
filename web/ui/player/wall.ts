// Wall times as people of the hall read them.

const formats = new Map<string, Intl.DateTimeFormat>();

function format(timezone: string): Intl.DateTimeFormat {
  let made = formats.get(timezone);
  if (!made) {
    made = new Intl.DateTimeFormat("en-GB", {
      timeZone: timezone || "UTC",
      hourCycle: "h23",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    formats.set(timezone, made);
  }
  return made;
}

/** HH:MM:SS in the zone, e.g. 09:04:31. */
export function clockText(wallMs: number, timezone: string): string {
  return format(timezone).format(wallMs);
}

/** Milliseconds since 1970 of an ISO 8601 attribute. Throws when it is none: that is a fault of the template. */
export function wallAttribute(element: Element, name: string): number {
  const wall = Date.parse(element.getAttribute(name) ?? "");
  if (Number.isNaN(wall)) throw new Error(`${element.localName}: ${name} is no time`);
  return wall;
}

export interface WallSpan {
  from: number;
  to: number;
}

/** The first moment of the span that lies in none of the gaps; its beginning if all of it is missing. */
export function firstOutside(gaps: WallSpan[], span: WallSpan): number {
  let at = span.from;
  for (const gap of [...gaps].sort((one, other) => one.from - other.from)) {
    if (gap.from <= at) at = Math.max(at, gap.to);
  }
  return at < span.to ? at : span.from;
}

/** From pairs of ISO times. */
export function spansOf(pairs: [string, string][]): WallSpan[] {
  return pairs.map(([from, to]) => ({ from: Date.parse(from), to: Date.parse(to) }));
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** The moment of the span, not longer than a day, at which clocks of the zone show `text`: 14:03 or 14:03:20.5; null if there is none. */
export function wallOfClock(text: string, span: WallSpan, timezone: string): number | null {
  const wanted = secondsOfDay(text);
  const begun = secondsOfDay(clockText(span.from, timezone));
  if (wanted === null || begun === null) return null;
  const second = Math.floor(span.from / 1000) * 1000;
  const passed = ((wanted - begun) * 1000 + DAY_MS) % DAY_MS;
  // On a day on which clocks are set, what has passed is an hour more or less.
  const shown = (wall: number): boolean => secondsOfDay(clockText(wall, timezone)) === Math.floor(wanted);
  const candidates = [0, -HOUR_MS, HOUR_MS].map((shift) => Math.max(second + passed + shift, span.from));
  return candidates.find((wall) => wall <= span.to && shown(wall)) ?? null;
}

function secondsOfDay(text: string): number | null {
  const found = /^\s*(\d{1,2})[:：](\d{2})(?:[:：](\d{2}(?:\.\d{1,3})?))?\s*$/.exec(text);
  if (!found) return null;
  const [hours, minutes, seconds] = [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)];
  return hours < 24 && minutes < 60 && seconds < 60 ? hours * 3600 + minutes * 60 + seconds : null;
}

/** The moment that the address names, as in `#t=14:03:20`; null if it names none of the span. */
export function addressedWall(span: WallSpan, timezone: string): number | null {
  const found = /^#t=([^&]+)$/.exec(location.hash);
  return found ? wallOfClock(decodeURIComponent(found[1] ?? ""), span, timezone) : null;
}
