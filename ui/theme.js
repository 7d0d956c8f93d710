// Light, dark or as the system: the chosen word is kept in the browser, colours for canvases are read from the style sheet.
import { computed, effect, signal } from "./vendor/preact-htm-signals.js";

const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");
const systemTheme = signal(systemIsDark.matches ? "dark" : "light");

/** "light", "dark" or "system". */
export const chosenTheme = signal(readChosenTheme());

/** "light" or "dark": what is drawn. */
export const theme = computed(() => (chosenTheme.value === "system" ? systemTheme.value : chosenTheme.value));

/** Applies the theme, also when the system changes it. */
export function followTheme() {
  systemIsDark.addEventListener("change", () => {
    systemTheme.value = systemIsDark.matches ? "dark" : "light";
  });
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
  });
}

/** Goes on to the next of system, light, dark. */
export function chooseNextTheme() {
  const order = ["system", "light", "dark"];
  chosenTheme.value = order[(order.indexOf(chosenTheme.value) + 1) % order.length];
  try {
    localStorage.setItem("theme", chosenTheme.value);
  } catch {
    // A browser that refuses storage keeps the theme until the page is left.
  }
}

/**
 * A colour of the style sheet, for canvases.
 * @param {string} property as "--accent"
 */
export function themeColor(property) {
  // Read for its dependency: whoever draws with the colour draws again when the theme changes.
  void theme.value;
  return getComputedStyle(document.documentElement).getPropertyValue(property).trim();
}

function readChosenTheme() {
  try {
    return localStorage.getItem("theme") ?? "system";
  } catch {
    return "system";
  }
}
