// Types of the vendored bundle for `tsc --checkJs` in the tests: what tests/console/vendor/preact-htm-signals.js exports.
import type { VNode } from "preact";
export { h, render, Fragment, createContext } from "preact";
export type { VNode, ComponentChildren } from "preact";
export { useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback, useContext } from "preact/hooks";
export { signal, computed, effect, batch, untracked, useSignal, useComputed, useSignalEffect } from "@preact/signals";
export type { Signal, ReadonlySignal } from "@preact/signals";
export function html(strings: TemplateStringsArray, ...values: any[]): VNode<any>;
