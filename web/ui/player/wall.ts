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

/** From JSON `[[from, to], …]` with ISO times; none for an absent attribute. */
export function spansOf(json: string | null | undefined): WallSpan[] {
  const pairs = JSON.parse(json || "[]") as [string, string][];
  return pairs.map(([from, to]) => ({ from: Date.parse(from), to: Date.parse(to) }));
}
