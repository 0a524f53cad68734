import type { PatternRoom } from '../../proto/pattern-budget.ts';
import { PatternBudget, policyRoom, roomInWords, routeRoom } from '../../proto/pattern-budget.ts';
import { MAX_PATTERN_LENGTH, regexFault } from '../../proto/safe-regex.ts';
import type { Fault, ValuePath } from './document-violation.ts';
import { withQuery } from './traffic-policy/pattern-with-query.ts';

/** Kinds whose documents have patterns, and room for how many. */
const rooms: ReadonlyMap<string, PatternRoom> = new Map([
  ['HTTPRoute', routeRoom],
  ['GRPCRoute', routeRoom],
  ['BackendTrafficPolicy', policyRoom],
  ['Mesh', policyRoom],
]);

/**
 * What is wrong with the patterns of a document, as it was written: it need not be right in any other way.
 *
 * They are looked at here and not by the schemas of their fields, because a text of 3 MiB has room for patterns that would
 * take half a minute to compile: one too many is told, and those behind it are not looked at.
 */
export function* patternFaults(kind: string, document: object): Iterable<Fault> {
  const room = rooms.get(kind);
  if (room === undefined) return;
  const left = new PatternBudget(room);
  for (const { path, pattern, written } of patternsIn(Object(document).spec, ['spec'])) {
    if (!left.take([pattern])) {
      const way = kind.endsWith('Route') ? 'PathPrefix and Exact' : 'Exact';
      yield faultAt(
        path,
        `the pattern is one too many: one ${kind} has ${roomInWords(room)}; write ${way} where they do, or one pattern for several cases, such as (cart|basket)`,
      );
      return;
    }
    const together = regexFault(pattern);
    if (together === null) continue;
    const faults = written.flatMap((part) => {
      const fault = regexFault(part.pattern);
      return fault === null ? [] : [faultAt(part.path, `the pattern ${fault}`)];
    });
    const fields = written.map((part) => part.path.at(-1));
    if (faults.length > 0) yield* faults;
    else if (fields.length === 1) yield faultAt(path, `the pattern ${together}`);
    else yield faultAt(path, `the pattern of ${fields.join(' and ')} together ${together}`);
  }
}

interface FoundPattern {
  readonly path: ValuePath;
  /** As it is sent. */
  readonly pattern: string;
  /** What stands in the fields. */
  readonly written: readonly { readonly path: ValuePath; readonly pattern: string }[];
}

/** Every object whose `type` says that its text is a pattern, wherever one is. */
function* patternsIn(value: unknown, path: ValuePath): Iterable<FoundPattern> {
  if (typeof value !== 'object' || value === null) return;
  if ((value as { type?: unknown }).type === 'RegularExpression') yield* patternOf(value, path);
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value);
  for (const [key, inner] of entries) yield* patternsIn(inner, [...path, key]);
}

function* patternOf(condition: object, path: ValuePath): Iterable<FoundPattern> {
  const fields = condition as { value?: unknown; service?: unknown; method?: unknown };
  const written = (['value', 'service', 'method'] as const).flatMap((field) => {
    const pattern = fields[field];
    // a text that is too long is a fault of its field
    const isPattern = typeof pattern === 'string' && pattern.length <= MAX_PATTERN_LENGTH;
    return isPattern && (field === 'value' || pattern !== '') ? [{ path: [...path, field], pattern, field }] : [];
  });
  const [value] = written.filter(({ field }) => field === 'value');
  if (value !== undefined) {
    const isPathOfLimit = path.includes('clientSelectors') && path.at(-1) === 'path';
    yield { ...value, pattern: isPathOfLimit ? withQuery(value.pattern) : value.pattern, written: [value] };
  } else if (written.length > 0) {
    const [service, method] = ['service', 'method'].map((name) => {
      const part = written.find(({ field }) => field === name);
      return part === undefined ? anyName : `(?:${part.pattern})`;
    });
    yield { path, pattern: `/${service}/${method}`, written };
  }
}

/** What stands for a name of a call that is left open; as translation writes it, so that a pattern is compiled once. */
const anyName = '[^/]+';

function faultAt(path: ValuePath, message: string): Fault {
  return { path, at: 'value', message, suggestion: null };
}
