import { readdirSync, readFileSync } from 'node:fs';

/** `/proc/<pid>/stat` counts in ticks of 1/100 s for programs, whatever the kernel's own clock (USER_HZ, proc(5)). */
const ticksPerSecond = 100;

/** User and system CPU time that a process and all that it has started have used so far, all threads, in seconds. */
export function cpuSeconds(pid: number): number {
  return family(pid).reduce((sum, member) => {
    const ticks = cpuSecondsOf(readFileSync(`/proc/${member}/stat`, 'utf8'));
    // The scheduler counts nanoseconds, but only of threads that still run, and not on every kernel.
    return sum + Math.max(ticks, scheduledSeconds(member));
  }, 0);
}

/** CPU time of the threads that a process has now, from `/proc/<pid>/task/<tid>/schedstat`; 0 where there is none. */
function scheduledSeconds(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // The thread has ended, or the kernel keeps no such account: the ticks stand.
    }
  }
  return nanoseconds / 1e9;
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

/** Resident memory of a process and all that it has started, now, in MB (10⁶ bytes). */
export function residentMb(pid: number): number {
  return family(pid).reduce((sum, member) => sum + residentMbOf(readFileSync(`/proc/${member}/status`, 'utf8')), 0);
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

/** A process and all below it. */
function family(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(family)];
}
