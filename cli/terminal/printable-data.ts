import { printable } from './printable.ts';

/** Data as the API gives it, with every text in it {@link printable}. What is neither list nor plain object stays as it is. */
export function printableData<T>(value: T): T {
  return replaced(value) as T; // the same shape, with other texts
}

function replaced(value: unknown): unknown {
  if (typeof value === 'string') return printable(value);
  if (Array.isArray(value)) return value.map(replaced);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaced(item)]));
}
