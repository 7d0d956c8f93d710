// A service's name with its colour, the same on every page.
import { html } from "../vendor/preact-htm-signals.js";
import { link, pathOf } from "../location.js";
import { serviceColor } from "../service_color.js";

/** @param {{name: string, href?: string | null, count?: number, failed?: boolean}} properties href null: no link */
export function ServiceName({ name, href, count, failed = false }) {
  const content = html`<i class="service-dot" style=${{ background: serviceColor(name) }}></i><span class="truncate">${name === "" ? "(no service)" : name}</span>${
    count !== undefined && html`<small class=${failed ? "error-text" : "faint"}>${count}</small>`}`;
  if (href === null) return html`<span class="service-name">${content}</span>`;
  return html`<a class="service-name" href=${href ?? link(pathOf("service", name))}>${content}</a>`;
}
