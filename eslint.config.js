// What the page's modules may not do. Types are tsc's matter; style is the eye's.
const browser = [
  "window", "document", "location", "history", "navigator", "console", "fetch", "EventSource", "BroadcastChannel",
  "ResizeObserver", "IntersectionObserver", "requestAnimationFrame", "cancelAnimationFrame", "setTimeout",
  "clearTimeout", "setInterval", "clearInterval", "performance", "localStorage", "URLSearchParams", "URL", "crypto", "Uint8Array",
  "getComputedStyle", "matchMedia", "devicePixelRatio", "Path2D", "AbortController", "DOMException", "Intl",
  "structuredClone", "queueMicrotask", "HTMLElement", "Blob", "TextEncoder", "CustomEvent", "addEventListener", "removeEventListener", "innerWidth", "innerHeight",
];
const markup = "text goes into the page as text nodes only";

export default [
  { ignores: ["src/osetra/dashboard/page/vendor/**", "node_modules/**"] },
  {
    files: ["src/osetra/dashboard/page/**/*.js", "tests/dashboard/page/**/*.js"],
    languageOptions: {
      ecmaVersion: 2024,
      sourceType: "module",
      globals: Object.fromEntries(browser.map((name) => [name, "readonly"])),
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "no-undef": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "no-var": "error",
      "prefer-const": "error",
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-script-url": "error",
      "no-constant-binary-expression": "error",
      "no-shadow-restricted-names": "error",
      "no-self-compare": "error",
      "no-unreachable": "error",
      "no-dupe-keys": "error",
      "no-fallthrough": "error",
      "max-lines": ["error", 400],
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: markup },
        { property: "outerHTML", message: markup },
        { property: "insertAdjacentHTML", message: markup },
        { property: "createContextualFragment", message: markup },
        { object: "document", property: "write", message: markup },
        { object: "document", property: "writeln", message: markup },
      ],
      "no-restricted-syntax": [
        "error",
        { selector: "TemplateElement[value.raw=/dangerouslySetInnerHTML/]", message: markup },
        { selector: "Property[key.name='dangerouslySetInnerHTML']", message: markup },
      ],
    },
  },
  {
    files: ["tests/dashboard/page/**/*.js"],
    languageOptions: { globals: { process: "readonly" } },
  },
];
