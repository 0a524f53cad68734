import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Log } from '../log.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import type { StoredResource } from './snapshot-file.ts';
import { decodeSnapshot, encodeSnapshot, SnapshotFile } from './snapshot-file.ts';
import { StateDirectory } from './state-directory.ts';

const identity = 'spiffe://cluster.local/ns/default/sa/cart';
const resources: StoredResource[] = [
  { typeUrl: 'type.googleapis.com/a', name: 'one', version: '1', bytes: Buffer.from([0, 10, 255]) },
  { typeUrl: 'type.googleapis.com/b', name: 'zwei\n"ü"', version: '', bytes: Buffer.alloc(0) },
];

let path: string;
let directory: StateDirectory;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'heddle-snapshot-'));
  directory = await StateDirectory.open(path);
});
afterEach(() => rm(path, { recursive: true, force: true }));

describe('decodeSnapshot', () => {
  it('gives back what was encoded', () => {
    expect(decodeSnapshot(encodeSnapshot(identity, resources), identity)).toEqual(resources);
    expect(decodeSnapshot(encodeSnapshot(identity, []), identity)).toEqual([]);
  });

  it('refuses a file that was cut short anywhere', () => {
    const whole = encodeSnapshot(identity, resources);
    for (let length = 0; length < whole.length; length++) {
      expect(decodeSnapshot(whole.subarray(0, length), identity), `${length} bytes`).toBeTypeOf('string');
    }
  });

  it('refuses a file with any one bit changed', () => {
    const whole = encodeSnapshot(identity, resources);
    for (let at = 0; at < whole.length * 8; at++) {
      const changed = Buffer.from(whole);
      changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7));
      expect(decodeSnapshot(changed, identity), `bit ${at}`).toBeTypeOf('string');
    }
  });

  it.each([
    ['another identity', encodeSnapshot('spiffe://cluster.local/ns/default/sa/web', resources), 'it was written as'],
    ['another format', Buffer.from('{"format":2}\n'), 'it is of format 2, not 1'],
    ['no snapshot at all', Buffer.from('null\n'), 'it is of format undefined'],
    ['no JSON', Buffer.from('hello\n'), 'it is not a snapshot'],
    [
      'additional bytes',
      Buffer.concat([encodeSnapshot(identity, resources), Buffer.from('x')]),
      'its checksum differs',
    ],
  ])('says what is wrong with %s', (_, content, reason) => {
    expect(decodeSnapshot(content, identity)).toContain(reason);
  });
});

describe('SnapshotFile', () => {
  const log: string[] = [];
  const note: Log = (_level, message, { reason } = {}) => log.push(`${message}: ${reason}`);

  beforeEach(() => {
    log.length = 0;
  });

  it('writes a burst of changes once, as they stand when the write begins', async () => {
    const clock = new FakeClock();
    const file = new SnapshotFile(directory, note, clock);
    let reads = 0;
    const source = () => {
      reads++;
      return resources;
    };
    for (let i = 0; i < 10; i++) file.schedule(identity, source);
    expect(reads).toBe(0);
    clock.advance(1_000);
    await file.flush();
    expect(reads).toBe(1);
    expect(await file.load(identity)).toEqual(resources);
    expect(log).toEqual([]);
  });

  it('has nothing when nothing was stored', async () => {
    expect(await new SnapshotFile(directory, note).load(identity)).toEqual([]);
    expect(log).toEqual([]);
  });

  it('has nothing and logs why when the file cannot be believed', async () => {
    await writeFile(join(path, 'snapshot'), 'garbage');
    expect(await new SnapshotFile(directory, note).load(identity)).toEqual([]);
    expect(log).toEqual(['the stored configuration is not used: it is not a snapshot']);
  });

  it('logs a write that fails and writes the next one', async () => {
    const clock = new FakeClock();
    const file = new SnapshotFile(directory, note, clock);
    await rm(path, { recursive: true });
    file.schedule(identity, () => resources);
    await file.flush();
    expect(log).toEqual([expect.stringMatching(/^the configuration could not be stored: Error: ./)]);
    await StateDirectory.open(path);
    file.schedule(identity, () => resources);
    await file.flush();
    expect(await file.load(identity)).toEqual(resources);
  });
});
