import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';

/** Reads a file whole; null where there is none. */
export type ReadFile = (path: string) => string | null;

/**
 * Memory that this process may take before the kernel ends it, in bytes: the limit of its control group, of version 2 or 1,
 * or the machine's memory where none is set.
 *
 * Source: Linux, Documentation/admin-guide/cgroup-v2.rst (`memory.max`), cgroup-v1/memory.rst.
 */
export function memoryLimitBytes(read: ReadFile = readOrNull, machineBytes: number = totalmem()): number {
  const groups = (read('/proc/self/cgroup') ?? '').split('\n').map((line) => line.split(':'));
  const unified = groups.find(([id]) => id === '0')?.[2] ?? '/';
  const legacy = groups.find(([, controllers]) => controllers?.split(',').includes('memory') === true)?.[2] ?? '/';
  const limits = [
    // within a container the group's own directory is what is mounted, and its path outside means nothing
    ...[unified, '/'].map((path) => read(`/sys/fs/cgroup${path}/memory.max`)),
    ...[legacy, '/'].map((path) => read(`/sys/fs/cgroup/memory${path}/memory.limit_in_bytes`)),
  ].map((text) => (text === null ? Number.NaN : Number(text))); // `max` is no number, and no limit
  return Math.min(machineBytes, ...limits.filter((limit) => limit > 0));
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // not this version of control groups, or not this directory
  }
}
