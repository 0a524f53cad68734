import { readFileSync } from 'node:fs';
import { findProgram } from './program.ts';

/** Who runs where, as lists that `taskset --cpu-list` takes. */
export interface Cores {
  readonly proxy: string;
  /** Load generator, upstream, control plane: everything that is not measured. */
  readonly others: string;
}

/**
 * One core for the proxy alone, the rest for everybody else, so that neither takes the other's time. Null when this
 * process may use a single core or `taskset` (util-linux) is missing: then the scheduler decides, and noise is larger.
 */
export function divideCores(): Cores | null {
  if (findProgram('taskset') === null) return null;
  return divide(allowedCores(readFileSync('/proc/self/status', 'utf8')));
}

/** The cores that a process may run on, from its `/proc/<pid>/status`. */
export function allowedCores(status: string): number[] {
  const list = /^Cpus_allowed_list:\s+(\d[\d,-]*)$/m.exec(status)?.[1];
  if (list === undefined) return [];
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** The last core for the proxy: interrupts and other people's work tend to land on the first. */
export function divide(cores: readonly number[]): Cores | null {
  const proxy = cores.at(-1);
  if (proxy === undefined || cores.length < 2) return null;
  return { proxy: String(proxy), others: cores.slice(0, -1).join(',') };
}
