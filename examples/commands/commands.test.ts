import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';

let mesh: TestMesh;
let url: string;

beforeAll(async () => {
  mesh = await TestMesh.start();
  for (const version of ['v1', 'v2']) {
    const port = await mesh.application((_asked, response) => response.end(version));
    // each process has a share of a limit, rounded up
    const ports = [{ port, protocol: 'http' }] as const;
    await mesh.sidecar(`cart-${version}`, { service: 'cart', version, ports, concurrency: 1 });
  }
  const localPort = await freePort();
  await mesh.sidecar('web-1', { service: 'web', upstreams: [{ service: 'cart', localPort }] });
  url = `http://127.0.0.1:${localPort}`;
  await vi.waitUntil(async () => (await answers(20)).size === 2, { timeout: 15_000 });
}, 60_000);

afterAll(() => mesh?.close());

/** How often each answer came; a failure is its status. */
async function answers(count: number): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const { statusCode, body } = await request(url);
    const text = await body.text();
    const answer = statusCode === 200 ? text : String(statusCode);
    counts.set(answer, (counts.get(answer) ?? 0) + 1);
  }
  return counts;
}

const run = promisify(execFile);

/** A command as a user types it, with the context that the control plane has written for its user. */
async function heddle(line: string): Promise<{ stdout: string; undo: string }> {
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const program = join(import.meta.dirname, '../../cli/heddle.ts');
  const { stdout, stderr } = await run(process.execPath, ['--import', loader, program, ...line.split(' ')], {
    env: { ...process.env, XDG_CONFIG_HOME: join(mesh.directory, 'config') },
  });
  return { stdout, undo: /undo: heddle (undo [0-9]+)\n$/.exec(stderr)?.[1] ?? '' };
}

describe('a command', () => {
  it.each<[string, string, (counts: Map<string, number>) => void]>([
    [
      'route cart v1=90 v2=10',
      'kind: HTTPRoute',
      (counts) => {
        // exactly a tenth, or 200 draws of one: six standard deviations are 26
        expect(counts.get('v2')).toBeLessThan(46);
        expect((counts.get('v1') ?? 0) + (counts.get('v2') ?? 0)).toBe(200);
      },
    ],
    [
      'fault cart --abort 418 --percent 100 --for 2m',
      'kind: FaultInjection',
      (counts) => expect([...counts]).toEqual([['418', 200]]),
    ],
    [
      'limit cart --rate 5/h --by identity',
      'kind: BackendTrafficPolicy',
      // five of each of two instances
      (counts) => expect(counts.get('429')).toBe(190),
    ],
  ])(
    'changes traffic, shows the document and how to take it back: %s',
    async (line, kind, check) => {
      const { stdout, undo } = await heddle(line);
      expect(stdout).toContain(kind);
      check(await answers(200));
      await heddle(undo);
      const counts = await answers(200);
      expect([...counts.keys()].sort()).toEqual(['v1', 'v2']);
      expect(counts.get('v2')).toBeGreaterThan(46);
    },
    60_000,
  );

  it('shows the faults of a service that is named alone, and leaves them as they are', async () => {
    await expect(heddle('fault cart')).rejects.toMatchObject({
      stderr: expect.stringMatching(/^error: there is no fault on cart\nTry: heddle fault cart --abort/),
    });
    const { undo } = await heddle('fault cart --abort 418 --percent 30 --for 2m');
    expect((await heddle('fault cart')).stdout).toMatch(/^NAME .*\ncart {3}cart {6}- {7}418 30% /);
    await heddle(undo);
  }, 60_000);
});
