// The linter's rules for the console: what a reader cannot see and what the policy of the page forbids.
import path from "node:path";
import { createRequire } from "node:module";

// The linter lies in the cache, not beside this file.
const js = createRequire(path.join(process.env.CONSOLE_PACKAGES ?? ".", "package.json"))("@eslint/js");

const browser = [
  "window", "document", "navigator", "localStorage", "fetch", "console", "setTimeout", "clearTimeout", "setInterval", "clearInterval", "URL", "URLSearchParams", "Blob",
  "AbortController", "DOMException", "EventSource", "ResizeObserver", "IntersectionObserver", "getComputedStyle", "Element", "Node", "HTMLElement", "HTMLInputElement",
  "HTMLAnchorElement", "SVGAElement", "requestAnimationFrame",
];

export default [
  js.configs.recommended,
  {
    files: ["ui/**/*.js"],
    languageOptions: { ecmaVersion: 2025, sourceType: "module", globals: Object.fromEntries(browser.map((name) => [name, "readonly"])) },
    rules: {
      eqeqeq: "error",
      "no-console": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-script-url": "error",
      "no-shadow": "error",
      "no-unused-vars": "error",
      "no-var": "error",
      "prefer-const": "error",
      "max-lines": ["error", 500],
      "no-restricted-properties": ["error",
        { property: "innerHTML", message: "Text from outside would become markup: build elements or use html``." },
        { property: "outerHTML", message: "Text from outside would become markup: build elements or use html``." },
        { property: "insertAdjacentHTML", message: "Text from outside would become markup: build elements or use html``." },
      ],
      "no-restricted-syntax": ["error",
        { selector: "TemplateElement[value.raw=/style=\"/]", message: "The page's policy refuses style attributes: give an object, which sets properties." },
        { selector: "Literal[value=/^https?:/]", message: "The console asks nothing outside its origin." },
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "Text from outside would become markup." },
      ],
    },
  },
  { files: ["ui/theme_start.js"], languageOptions: { sourceType: "script" } },
  {
    files: ["tests/console/**/*.js"],
    languageOptions: { ecmaVersion: 2025, sourceType: "module", globals: { process: "readonly", console: "readonly", URL: "readonly", URLSearchParams: "readonly", fetch: "readonly", setTimeout: "readonly", document: "readonly", window: "readonly", performance: "readonly", getComputedStyle: "readonly", requestAnimationFrame: "readonly", HTMLElement: "readonly" } },
    rules: { eqeqeq: "error", "no-unused-vars": "error", "no-var": "error", "prefer-const": "error", "max-lines": ["error", 500] },
  },
  { ignores: ["ui/vendor/"] },
];
