// The menu of a phone.

/** Escape closes it and gives the focus back to its button. */
export function closeOnEscape(menu: HTMLDetailsElement): void {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary")?.focus();
  });
}
