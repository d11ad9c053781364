// How many cards, orders and calls back are open, beside their links: asked for anew every minute while somebody looks.
const EVERY_MS = 60_000;

/** Keeps the numbers of the navigation for as long as the page lives. */
export function keepTally(): void {
  if (!badges().length) return;
  window.setInterval(() => void renew(), EVERY_MS);
  document.body.addEventListener("hallwatch:back", () => void renew());
}

async function renew(): Promise<void> {
  if (document.hidden) return;
  const answer = await fetch("/api/v1/open-work").catch(() => undefined);
  // Without an answer the numbers stay as old as the page around them.
  if (answer?.ok) show((await answer.json()) as Record<string, number>);
}

function show(open: Record<string, number>): void {
  for (const badge of badges()) {
    const count = open[badge.dataset["open"] ?? ""] ?? 0;
    badge.dataset["count"] = String(count);
    badge.textContent = count < 100 ? String(count) : "99+";
  }
}

function badges(): NodeListOf<HTMLElement> {
  return document.querySelectorAll<HTMLElement>(".badge[data-open]");
}
