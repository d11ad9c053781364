// Stills that cannot be had: words stand where the picture would be, instead of the browser's torn one.
import { word } from "./words.js";

/** Puts words in the place of each `img.still` that cannot be loaded, also of those that come with a later fragment. */
export function sayMissingStills(): void {
  // The error of a picture does not bubble, but it is captured on its way down.
  document.addEventListener("error", (event) => replace(event.target), true);
  for (const image of document.querySelectorAll<HTMLImageElement>("img.still")) {
    if (image.complete && image.src && !image.naturalWidth) replace(image);
  }
}

function replace(image: EventTarget | null): void {
  if (!(image instanceof HTMLImageElement) || !image.matches("img.still")) return;
  const said = Object.assign(document.createElement("p"), { className: `${image.className} no-still`, textContent: word(image, "no-still") });
  said.title = image.alt;
  image.replaceWith(said);
}
