// Preact, its hooks and htm, with their types: the one place that names the libraries.
import * as core from "./vendor/preact.mjs";
import * as hooks from "./vendor/hooks.mjs";
import htm from "./vendor/htm.mjs";

const preact = /** @type {typeof import("preact")} */ (/** @type {any} */ (core));
const hooked = /** @type {typeof import("preact/hooks")} */ (/** @type {any} */ (hooks));

export const { render, Fragment, createContext } = preact;
export const { useState, useEffect, useLayoutEffect, useMemo, useRef, useCallback, useContext } = hooked;

/** Templates of elements; everything in them becomes text nodes and properties. */
export const html = /** @type {(strings: TemplateStringsArray, ...values: any[]) => any} */ (
  /** @type {any} */ (htm).bind(preact.h)
);

/** @typedef {import("preact").ComponentChildren} Children */
