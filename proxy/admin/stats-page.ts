import type { AdminResponse } from './admin-server.ts';
import { json, text } from './admin-server.ts';

/** Name and value of one counter or gauge, in Envoy's dotted form. */
export type Stat = readonly [name: string, value: number];

/**
 * `GET /stats`: lines `name: value` in order of name, or JSON with `?format=json`. `?filter=` keeps names that hold
 * this text. Envoy takes a regular expression there; we do not, since a bad one could hold up the proxy. `?usedonly`
 * leaves out what is 0.
 */
export function statsPage(stats: Iterable<Stat>, query: URLSearchParams): AdminResponse {
  const filter = query.get('filter') ?? '';
  const usedOnly = query.has('usedonly');
  const shown = [...stats]
    .filter(([name, value]) => name.includes(filter) && !(usedOnly && value === 0))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  if (query.get('format') === 'json') return json({ stats: shown.map(([name, value]) => ({ name, value })) });
  return text(200, shown.map(([name, value]) => `${name}: ${value}\n`).join(''));
}
