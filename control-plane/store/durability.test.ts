import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasProgram } from '../../examples/testing/programs.ts';
import { EmbeddedStore } from './embedded-store.ts';
import { StoreFailedError } from './store.ts';

const writer = fileURLToPath(new URL('testing/writer.ts', import.meta.url));
const slots = 50;

/** Written by the writer: both numbers are the same unless a document is torn. */
interface WrittenDocument {
  readonly n: number;
  readonly again: number;
}

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'heddle-durability-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('EmbeddedStore, its process killed during writes', () => {
  it('has every acknowledged write and no torn one after each of many SIGKILLs', { timeout: 120_000 }, async () => {
    let next = 0;
    for (let round = 0; round < 8; round += 1) {
      // Larger documents split over several of LevelDB's log blocks; the count moves the kill about in them.
      const acknowledged = await killDuringWrites(next, 5 + round * 11, round % 2 === 0 ? 100 : 50_000);
      const found = await readDocuments(directory);
      for (let n = Math.max(0, acknowledged - slots + 1); n <= acknowledged; n += 1) {
        // Document n, or the one write of that slot that was under way.
        expect(found.get(n % slots), `slot of write ${n}`).toBeGreaterThanOrEqual(n);
      }
      next = Math.max(...found.values()) + 1;
      expect(next - 1 - acknowledged).toBeLessThanOrEqual(1);
    }
  });

  it('gives the directory to the next process, and to one at a time', async () => {
    const child = startWriter(0, 100);
    await firstLine(child.stdout);
    await expect(EmbeddedStore.open(directory)).rejects.toThrow(/is in use by another process$/);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const store = await EmbeddedStore.open(directory);
    await store.close();
  });
});

describe('EmbeddedStore on a failing disk', () => {
  it.skipIf(!canTrace())('acknowledges nothing that was not synced before', { timeout: 60_000 }, async () => {
    const trace = join(directory, 'trace');
    const run = spawnSync(
      'strace',
      // -y prints the path of each descriptor; the 12th sync of a thread and all later ones fail.
      ['-f', '-y', '-o', trace, '-e', 'trace=fsync,fdatasync,write', '-e', 'signal=none', '-s', '40'].concat(
        ['-e', 'inject=fsync,fdatasync:error=EIO:when=12+', process.execPath, '--import', 'tsx', writer],
        [join(directory, 'data'), '0', '100'],
      ),
      { encoding: 'utf8', timeout: 50_000, killSignal: 'SIGKILL' },
    );
    expect(run.stdout).toMatch(
      /refused StoreFailedError: the store only reads since a write failed: .*Input\/output error/,
    );
    expect(run.status).toBe(3);

    const acknowledgements = syncsBeforeEachAcknowledgement(readFileSync(trace, 'utf8'));
    expect(acknowledgements.length).toBeGreaterThan(5);
    acknowledgements.forEach((syncs, index) => {
      expect(syncs, `syncs before acknowledgement ${index}`).toBeGreaterThanOrEqual(index + 1);
    });
    const found = await readDocuments(join(directory, 'data'));
    expect(Math.max(...found.values())).toBeGreaterThanOrEqual(acknowledgements.length - 1);
  });

  it.skipIf(!canMount())('stops at a full disk, goes on reading, and has lost nothing once there is room', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'heddle-test', directory]);
    try {
      const store = await EmbeddedStore.open(join(directory, 'data'));
      let acknowledged = 0;
      const fill = async (): Promise<void> => {
        for (let n = 0; n < 1000; n += 1) {
          await store.put(`doc/${n}`, 'x'.repeat(2000));
          acknowledged = n + 1;
        }
      };
      await expect(fill()).rejects.toThrow(/the store only reads since a write failed: .*No space left on device/);
      expect(store.failure()).toBeInstanceOf(StoreFailedError);
      await expect(store.put('small', '')).rejects.toThrow(StoreFailedError);
      expect((await store.list('doc/')).entries).toHaveLength(acknowledged);
      await store.close();

      execFileSync('mount', ['-o', 'remount,size=8m', directory]);
      const reopened = await EmbeddedStore.open(join(directory, 'data'));
      expect(reopened.failure()).toBeNull();
      expect((await reopened.list('doc/')).entries.length).toBeGreaterThanOrEqual(acknowledged);
      await reopened.put('small', '');
      await reopened.close();
    } finally {
      execFileSync('umount', ['-l', directory]);
    }
  });
});

function startWriter(first: number, fillerBytes: number) {
  const parameters = ['--import', 'tsx', writer, directory, String(first), String(fillerBytes)];
  return spawn(process.execPath, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Lets the writer go until `count` acknowledgements were read, kills it, and returns the last it gave. */
async function killDuringWrites(first: number, count: number, fillerBytes: number): Promise<number> {
  const child = startWriter(first, fillerBytes);
  let last = first - 1;
  let killed = false;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('acknowledged ')) {
      last = Number(line.slice('acknowledged '.length));
      if (!killed && last - first + 1 >= count) {
        killed = true;
        child.kill('SIGKILL');
      }
    }
  }
  expect(killed).toBe(true);
  return last;
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<void> {
  for await (const _line of createInterface({ input: stream })) {
    return;
  }
}

/** Slot to the number of the write it holds. */
async function readDocuments(data: string): Promise<Map<number, number>> {
  const store = await EmbeddedStore.open(data);
  try {
    const { entries } = await store.list('doc/');
    return new Map(
      entries.map((entry) => {
        const { n, again } = JSON.parse(entry.value) as WrittenDocument;
        expect(again).toBe(n);
        return [n % slots, n];
      }),
    );
  } finally {
    await store.close();
  }
}

/** For each acknowledgement in the trace: how many syncs of LevelDB's log had succeeded by then. */
function syncsBeforeEachAcknowledgement(trace: string): number[] {
  const acknowledgements: number[] = [];
  const unfinished = new Map<string, boolean>();
  let syncs = 0;
  for (const line of trace.split('\n')) {
    const [, thread = '', call = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const ofLog = /^f(?:data)?sync\(\d+<.*\.log>/.test(call);
    if (ofLog && call.includes('unfinished')) {
      unfinished.set(thread, true);
    } else if (/\) += 0$/.test(call) && (ofLog || (/sync resumed/.test(call) && unfinished.delete(thread)))) {
      syncs += 1;
    } else if (/^write\(1<.*"acknowledged /.test(call)) {
      acknowledgements.push(syncs);
    }
  }
  return acknowledgements;
}

function canTrace(): boolean {
  return hasProgram('strace') && spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;
}

function canMount(): boolean {
  if (process.getuid?.() !== 0 || !hasProgram('mount')) {
    return false;
  }
  const place = mkdtempSync(join(tmpdir(), 'heddle-mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'heddle-test', place]).status === 0;
  if (mounted) {
    spawnSync('umount', [place]);
  }
  rmSync(place, { recursive: true });
  return mounted;
}
