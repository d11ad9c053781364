// The page's only player is played by keys wherever the focus is, unless there the keys mean something else.

const KEYS = new Set([" ", "ArrowLeft", "ArrowRight", ",", "."]);
const OWN_KEYS = "input, textarea, select, button, summary, dialog, [contenteditable], [role=slider], presence-timeline, clip-player, span-player, zone-editor";

/** Calls `act` for each key that is not meant for something else; returns what ends that. */
export function listenOnPage(act: (event: KeyboardEvent) => boolean): () => void {
  const onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || !KEYS.has(event.key) || document.querySelector("dialog[open]")) return;
    if (event.target instanceof Element && event.target.closest(OWN_KEYS)) return;
    if (document.querySelectorAll("clip-player, span-player").length !== 1) return;
    if (act(event)) event.preventDefault();
  };
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}
