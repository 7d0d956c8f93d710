// Copying to the clipboard and saving as a file, both without leaving the origin.
import { signal } from "../vendor/preact-htm-signals.js";

/** What was done last, said by the shell for a moment. */
export const announcement = signal("");

/** @param {string} text */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    announce("Copied.");
  } catch {
    announce("The browser refused the clipboard.");
  }
}

/** @param {string} name @param {string} text @param {string} [type] */
export function saveFile(name, text, type = "application/json") {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 10e3);
}

/** @param {string} sentence */
export function announce(sentence) {
  announcement.value = sentence;
  setTimeout(() => {
    if (announcement.value === sentence) announcement.value = "";
  }, 2500);
}
