// Starts the console: listens to the address bar, the keys and the theme, and draws the shell.
import { html, render } from "./vendor/preact-htm-signals.js";
import { listenForNavigation } from "./location.js";
import { listenForKeys } from "./keyboard.js";
import { followThePresent } from "./time_range.js";
import { followTheme } from "./theme.js";
import { Shell } from "./shell.js";

followTheme();
listenForNavigation();
listenForKeys();
followThePresent();

const root = document.getElementById("app");
if (root !== null) {
  root.replaceChildren();
  render(html`<${Shell} />`, root);
}
