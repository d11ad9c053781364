// Stills that cannot be had: words stand where the picture would be, instead of the browser's torn one.
import { word } from "./words.js";

/** Puts `no-still` of `speaker` in the place of `image` when it cannot be loaded. */
export function orWords(image: HTMLImageElement, speaker: Element = image): void {
  const replace = (): void => {
    const said = Object.assign(document.createElement("p"), { className: "still no-still", textContent: word(speaker, "no-still") });
    said.title = image.alt;
    image.replaceWith(said);
  };
  if (image.complete && image.src && !image.naturalWidth) replace();
  else image.addEventListener("error", replace, { once: true });
}
