import { readFileSync } from 'node:fs';

/**
 * `/proc` counts time in ticks of 1/100 s for programs, whatever the kernel's own clock (USER_HZ, proc(5)): one run of
 * three seconds on a busy core is known to 0.3 %.
 */
const ticksPerSecond = 100;

/** User and system CPU time that a process has used so far, all its threads, in seconds. */
export function cpuSeconds(pid: number): number {
  return cpuSecondsOf(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

/** The same, of the content of `/proc/<pid>/stat`: fields 14 (utime) and 15 (stime). */
export function cpuSecondsOf(stat: string): number {
  // Field 2, the program's name, is in parentheses and may hold spaces and parentheses itself: count from the last one.
  const [userTicks, systemTicks] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  if (!Number.isInteger(userTicks) || !Number.isInteger(systemTicks)) throw new Error(`no CPU time in: ${stat}`);
  return ((userTicks as number) + (systemTicks as number)) / ticksPerSecond;
}

/** Resident memory of a process now, in MB (10⁶ bytes). */
export function residentMb(pid: number): number {
  return residentMbOf(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

/** The same, of the content of `/proc/<pid>/status`. */
export function residentMbOf(status: string): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kibibytes === undefined) throw new Error('no VmRSS: the process is gone, or it is a kernel thread');
  return (Number(kibibytes) * 1024) / 1e6;
}

/** The processes that a process has started itself and that still run. */
export function childrenOf(pid: number): number[] {
  const ids = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return ids === '' ? [] : ids.split(' ').map(Number);
}
