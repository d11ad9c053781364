// What changes at the counters, as it changes: /events → DOM events on <body>, badges and states.

export interface Presence {
  counter_id: string;
  staff: string;
  customer: string;
  since: string;
}

export interface Alert {
  id: number;
  kind: string;
  state: string;
  hall_id: string;
  counter_id: string | null;
  camera_id: string | null;
  absence_id: number | null;
  raised_at: string;
}

interface Snapshot {
  presence: Presence[];
  alerts: Alert[];
}

const NAMES = ["snapshot", "presence", "alert", "step", "camera"];
const open = new Set<number>();

const AGAIN_MS = 10000;

/** Listens as long as the page lives. The browser reconnects by itself, except after an answer that is no stream. */
export function listen(): void {
  const source = new EventSource("/events");
  for (const name of NAMES) {
    source.addEventListener(name, (event: MessageEvent<string>) => receive(name, JSON.parse(event.data)));
  }
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN_MS);
  };
  // A page kept in the browser's cache must not hold a connection.
  addEventListener("pagehide", () => source.close(), { once: true });
  addEventListener("pageshow", (event) => event.persisted && listen(), { once: true });
}

function receive(name: string, detail: unknown): void {
  if (name === "snapshot") begin(detail as Snapshot);
  if (name === "presence") showPresence(detail as Presence);
  if (name === "alert") count(detail as Alert);
  document.body.dispatchEvent(new CustomEvent(`hallwatch:${name}`, { detail, bubbles: true }));
}

function begin(snapshot: Snapshot): void {
  snapshot.presence.forEach(showPresence);
  open.clear();
  for (const alert of snapshot.alerts) if (alert.state === "raised") open.add(alert.id);
}

function showPresence(presence: Presence): void {
  for (const place of document.querySelectorAll<HTMLElement>(`[data-counter="${CSS.escape(presence.counter_id)}"]`)) {
    place.dataset["state"] = presence.staff;
    place.dataset["customer"] = presence.customer;
  }
}

function count(alert: Alert): void {
  if (alert.state === "raised") open.add(alert.id);
  else open.delete(alert.id);
  for (const badge of document.querySelectorAll<HTMLElement>("[data-alert-count]")) {
    badge.textContent = badge.dataset["count"] = String(open.size);
  }
}
