import { describe, expect, it } from 'vitest';
import { memoryLimitBytes } from './memory-limit.ts';

const machine = 8_000;

function limitOf(files: Readonly<Record<string, string>>): number {
  return memoryLimitBytes((path) => files[path.replaceAll('//', '/')] ?? null, machine);
}

describe('memoryLimitBytes', () => {
  it('is the limit of the control group', () => {
    expect(limitOf({ '/proc/self/cgroup': '0::/app\n', '/sys/fs/cgroup/app/memory.max': '4000\n' })).toBe(4000);
  });

  it('is found where a container mounts only its own group', () => {
    expect(limitOf({ '/proc/self/cgroup': '0::/../x\n', '/sys/fs/cgroup/memory.max': '3000\n' })).toBe(3000);
  });

  it('is found in version 1', () => {
    const files = {
      '/proc/self/cgroup': '7:cpu,cpuacct:/\n5:memory:/docker/a\n',
      '/sys/fs/cgroup/memory/docker/a/memory.limit_in_bytes': '2000\n',
    };
    expect(limitOf(files)).toBe(2000);
  });

  it.each([
    ['there are no control groups', {}],
    ['none is set', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.max': 'max\n' }],
    ['it is more than there is', { '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n' }],
  ])('is all of the machine where %s', (_case, files) => {
    expect(limitOf(files)).toBe(machine);
  });
});
