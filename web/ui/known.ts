// What is known of the counters now: the last snapshot and what has changed since.

export interface Presence {
  counter_id: string;
  staff: string;
  customer: string;
}

export interface Alert {
  id: number;
  state: string;
}

export interface Camera {
  camera_id: string;
}

export interface Step {
  case_id: number;
}

export interface Snapshot {
  presence: Presence[];
  alerts: Alert[];
  cameras: Camera[];
}

/** What is known after a message; nothing before the first snapshot. */
export function after(known: Snapshot | undefined, name: string, detail: unknown): Snapshot | undefined {
  if (name === "snapshot") return detail as Snapshot;
  if (!known) return undefined;
  if (name === "presence") return { ...known, presence: withOne(known.presence, detail as Presence, "counter_id") };
  if (name === "alert") return { ...known, alerts: withOne(known.alerts, detail as Alert, "id") };
  if (name === "camera") return { ...known, cameras: withOne(known.cameras, detail as Camera, "camera_id") };
  return known;
}

function withOne<Entry>(entries: Entry[], changed: Entry, key: keyof Entry): Entry[] {
  return [...entries.filter((entry) => entry[key] !== changed[key]), changed];
}
