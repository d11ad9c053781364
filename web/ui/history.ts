/** What `htmx:before:history:update` tells, and lets one change. */
interface HistoryUpdate {
  history: { type: "push" | "replace"; path: string };
}

/** A filter submits its form by itself, and the button once more: the same address is one entry, so that one step back
 *  leaves it. */
export function keepOneEntryForEachAddress(): void {
  document.addEventListener("htmx:before:history:update", (event) => {
    const update = (event as CustomEvent<HistoryUpdate>).detail.history;
    if (update.path === location.pathname + location.search) update.type = "replace";
  });
}
