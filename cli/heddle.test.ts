import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../examples/testing/free-port.ts';

/** The built program as users run it, in processes of its own, against a control plane of its own. */
const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'heddle-cli-'));
const environment = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HEDDLE_'))),
  XDG_CONFIG_HOME: join(folder, 'config'),
  XDG_STATE_HOME: join(folder, 'state'),
  HEDDLE_XDS_HOST: '127.0.0.1',
};
const freePorts = ['--api-port', '0', '--xds-port', '0', '--metrics-port', '0'];

const children = new Set<ChildProcess>();
let controlPlane: Started;

interface Started {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Fulfils with the exit code. */
  readonly exited: Promise<number | null>;
  /** Fulfils when stderr or stdout holds the words. */
  says(words: string): Promise<void>;
}

function start(line: readonly string[], more: NodeJS.ProcessEnv = {}): Started {
  const child = spawn(process.execPath, [join(root, 'dist', 'cli', 'heddle.js'), ...line], {
    env: { ...environment, ...more },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  children.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  let isOver = false;
  const exited = once(child, 'close').then(([code]) => {
    isOver = true;
    children.delete(child);
    return code as number | null;
  });
  const says = async (words: string) => {
    while (!stdout.includes(words) && !stderr.includes(words)) {
      if (isOver) throw new Error(`heddle ${line.join(' ')} ended: ${stderr}`);
      await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), exited]);
    }
  };
  return { child, stdout: () => stdout, stderr: () => stderr, exited, says };
}

/** Runs a command to its end. */
async function heddle(...line: string[]) {
  const started = start(line);
  return { code: await started.exited, stdout: started.stdout(), stderr: started.stderr() };
}

beforeAll(async () => {
  const build = [join(root, 'node_modules/tsx/dist/cli.mjs'), join(root, 'build.ts'), '--quiet'];
  expect(spawnSync(process.execPath, build, { stdio: 'inherit' }).status).toBe(0);
  controlPlane = start(['control-plane', ...freePorts]);
  await controlPlane.says('√ control plane');
  const file = join(folder, 'services.yaml');
  writeFileSync(file, ['cart', 'cart-v1', 'cart-v2'].map(service).join('---\n'));
  expect((await heddle('apply', '-f', file)).code).toBe(0);
}, 120_000);

afterEach(() => {
  for (const child of children) if (child !== controlPlane.child) child.kill('SIGTERM');
});

afterAll(async () => {
  controlPlane.child.kill('SIGTERM');
  await controlPlane.exited;
  rmSync(folder, { recursive: true });
});

const service = (name: string) => `apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec:
  selector: { app: ${name} }
  ports: [{ port: 80 }]
`;

const route = (weight: string) => `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: cart
spec:
  parentRefs:
    - { group: "", kind: Service, name: cart }
  rules:
    - backendRefs:
        - { name: cart-v1, port: 80, ${weight} }
`;

describe('heddle', () => {
  it('applies, lists and deletes documents; data on stdout, talk on stderr', async () => {
    const file = join(folder, 'cart.yaml');
    writeFileSync(file, route('weight: 90'));
    const applied = await heddle('apply', '-f', file, '--wait');
    expect(applied).toMatchObject({ code: 0, stdout: 'httproute/cart created\n' });
    expect(applied.stderr).toContain('√ in force');
    const again = await heddle('apply', '-f', file, '--wait');
    expect(again).toMatchObject({ code: 0, stdout: 'httproute/cart unchanged\n' });
    expect(again.stderr).toContain('√ nothing has changed; in force');

    expect((await heddle('get', 'httproutes', '-o', 'name')).stdout).toBe('httproute/cart\n');
    const [document] = JSON.parse((await heddle('get', 'httproutes', '-o', 'json')).stdout);
    expect(document).toMatchObject({ kind: 'HTTPRoute', metadata: { name: 'cart' } });

    expect(await heddle('delete', 'httproute/cart')).toMatchObject({ code: 0, stdout: 'httproute/cart deleted\n' });
    const missing = await heddle('delete', 'httproute/cart');
    expect(missing.code).toBe(3);
    expect(missing.stderr).toMatch(/^error: .*\nTry: .*\n$/);
  });

  it('applies nothing when a document has a fault, and points at it', async () => {
    const file = join(folder, 'faulty.yaml');
    writeFileSync(file, route('wieght: 90'));
    const { code, stdout, stderr } = await heddle('apply', '-f', file);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain(`${file}:10:38  error  unknown field wieght; did you mean weight?`);
    expect(stderr).toMatch(/\n {5}\| {38}\^\n/);
    expect(stderr).toMatch(/Nothing was applied\.\nTry: .*\n$/);
    expect((await heddle('get', 'httproutes')).code).toBe(3);
  });

  it('takes back what route, fault and limit have done, and never what somebody else has done since', async () => {
    const undoOf = ({ stderr }: { stderr: string }) => /undo: heddle (undo \d+)\n$/.exec(stderr)?.[1]?.split(' ') ?? [];
    const weights = async () => {
      const { stdout } = await heddle('route', 'cart', '-o', 'json');
      const [{ spec }] = stdout === '' ? [{ spec: { rules: [] } }] : JSON.parse(stdout);
      return spec.rules.map((one: { backendRefs: { name: string; weight: number }[] }) =>
        one.backendRefs.map(({ name, weight }) => `${name}=${weight}`).join(' '),
      );
    };
    const first = await heddle('route', 'cart', 'v1=100');
    expect(first.code).toBe(0);
    const second = await heddle('route', 'cart', 'v1=90', 'v2=10');
    expect(second.stderr).toContain('√ cart   v1 100 → 90 %   v2 0 → 10 %');
    const third = await heddle('route', 'cart', 'v2=1', '--header', 'x-user=jason');
    expect(third.stderr).toContain('requests with x-user: jason: v2 100 %');
    expect(await weights()).toEqual(['cart-v2=1', 'cart-v1=90 cart-v2=10']);

    const refused = await heddle(...undoOf(second));
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(
      /was changed after revision \d+: .*Nothing was undone\.\nTry: heddle undo \d+, and then/,
    );

    const dry = await heddle(...undoOf(third), '--dry-run');
    expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('weight: 90') });
    expect(await weights()).toHaveLength(2);
    const undone = await heddle(...undoOf(third));
    expect(undone).toMatchObject({ code: 0, stdout: expect.stringContaining('weight: 90') });
    expect(await weights()).toEqual(['cart-v1=90 cart-v2=10']);
    await heddle(...undoOf(undone));
    expect(await weights()).toHaveLength(2);

    const limited = await heddle('limit', 'cart', '--rps', '100', '--by', 'identity', '--eject-after', '5');
    expect(limited.stderr).toContain('100 requests a second for each caller, counted in each instance');
    await heddle(...undoOf(limited));
    expect((await heddle('get', 'backendtrafficpolicy', 'cart')).code).toBe(3);
    const fault = await heddle('fault', 'cart', '--throughput', '10KiB', '--header', 'x-user=jason');
    expect(fault.stderr).toContain('100 % of requests to cart with x-user: jason get their answer at 10KiB a second');
    expect((await heddle('fault')).stdout).toMatch(/^cart +cart +- +- +10Ki\/s 100% +/m);
    expect((await heddle('describe', 'cart')).stdout).toContain(
      'of requests with x-user: jason: 100 % get their answer at 10 KiB a second ·',
    );
    const cleared = await heddle('fault', 'cart', '--clear');
    await heddle('undo');
    expect((await heddle('fault', '-o', 'name')).stdout).toBe('faultinjection/cart\n');
    expect((await heddle(...undoOf(cleared))).code).toBe(1);
    expect((await heddle('undo', '--list')).stdout).toMatch(
      /^REVISION {3}TIME {7}DOCUMENT +CHANGE\n +\d+ {3}\d\d:\d\d:\d\d {3}\S+ +created/,
    );
    await heddle('fault', 'cart', '--clear');
    await heddle('route', 'cart', '--clear');
  }, 60_000);

  it.each<[readonly string[], number, RegExp]>([
    [['undo', 'x'], 2, /"x" is no revision.*\nTry: heddle undo --list/],
    [['undo', '999'], 3, /revision 999 changed no document.*Nothing was undone\.\nTry: heddle undo --list/],
    [['route', 'cart', '--clear'], 3, /there is no split of cart\nTry: heddle route cart/],
    [['route', 'cart', 'v1=1', '--clear'], 2, /--clear takes no shares\nTry: heddle route cart --clear/],
    [['route', 'cart', 'v1=1', '--header', 'x'], 2, /Write <name>=<value>/],
    [['route', 'crat'], 3, /there is no service crat/],
    [['schema', 'httprout'], 2, /there is no kind httprout; .*\nTry: heddle schema httproutes/],
    [['route', 'cart'], 3, /there is no split of cart: every instance.*\nTry: heddle route cart v1=90 v2=10/],
    [['limit', 'cart', '--global'], 2, /--global is about a rate\nTry: heddle limit cart --rps 100 --global/],
    [['limit', 'cart', '--rps', '1', '--global'], 1, /the Mesh names no rate limit service\nTry: heddle rate-limit/],
    [['limit', 'cart', '--rps', '1', '--rate', '1/s'], 2, /cannot be used with/],
    [['limit', 'cart', '--by', 'moon'], 2, /Write identity, or header=<name>/],
    [['limit', 'cart', '--connections', '0'], 2, /--connections is 1 at least\nTry: heddle limit cart --connections 1/],
    [['limit', 'crat', '--rps', '1'], 3, /there is no service crat in namespace default\nTry: heddle stat/],
    [['route', 'cart', 'v3=100'], 3, /cart has no version v3: its requests would fail\nTry: heddle describe cart/],
    [['route', 'crat', 'v1=1'], 3, /there is no service crat in namespace default\nTry: heddle stat/],
    [['route', 'cart', 'v1=1', '--port', '81'], 3, /cart has no port 81; it has 80\nTry: --port 80/],
    [['fault', 'cart', '--abort', '503', '-n', 'shop'], 3, /there is no service cart in namespace shop\nTry:/],
    [['fault', 'cart', '--abort', '503', '--for', '0s'], 2, /--for 0 is over at once\nTry: heddle fault cart/],
    [['limit', 'cart', '--clear'], 3, /no BackendTrafficPolicy is called cart\nTry: heddle describe cart/],
    [['fault', 'cart', '--clear'], 3, /there is no fault called cart\nTry: heddle fault/],
    [['fault', 'cart', '--clear', '--abort', '503'], 2, /--clear ends a fault and makes none/],
    [['describe', 'nobody'], 3, /there is no service nobody in namespace default\nTry: heddle stat/],
    [['describe', 'route/nobody'], 3, /there is no HTTPRoute nobody/],
  ])('%j is told what to type instead', async (line, code, message) => {
    const answer = await heddle(...line);
    expect(answer.stdout).toBe('');
    expect(answer.stderr).toMatch(message);
    expect(answer.code).toBe(code);
  });

  it.skipIf(!existsSync('/dev/full'))('says in one line that its output cannot be written', () => {
    const line = `"${process.execPath}" "${join(root, 'dist', 'cli', 'heddle.js')}" get httproutes -o json > /dev/full`;
    const { status, stderr } = spawnSync('sh', ['-c', line], { env: environment, encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: the output cannot be written: [^\n]*\nTry: df -h\n$/);
  });

  it('refuses a wrong token, and never sends the right one elsewhere', async () => {
    const wrong = start(['proxies'], { HEDDLE_TOKEN: 'guessed' });
    expect(await wrong.exited).toBe(1);
    expect(wrong.stderr()).toMatch(/Try: HEDDLE_TOKEN/);
    const elsewhere = await heddle('proxies', '--api', 'http://127.0.0.1:1');
    expect(elsewhere.code).toBe(1);
    expect(elsewhere.stderr).toContain('no control plane at http://127.0.0.1:1');
  });

  it('writes the context with the admin token for the user alone', () => {
    const file = join(environment.XDG_CONFIG_HOME, 'heddle', 'config.yaml');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('starts no second control plane on the same state, exit code 2', async () => {
    const second = await heddle('control-plane', ...freePorts);
    expect(second.code).toBe(2);
    expect(second.stderr).toMatch(/^error: [^\n]*\nTry: [^\n]*\n$/m);
  });
});

/** Tells its environment, serves on PORT, and takes its time when it is told to stop. */
const application = `
  const { createServer } = require('node:http');
  const { http_proxy, HTTP_PROXY, NO_PROXY, https_proxy = null } = process.env;
  console.log(JSON.stringify({ http_proxy, HTTP_PROXY, NO_PROXY, https_proxy, argv: process.argv.slice(1) }));
  const server = createServer((request, response) => response.end('hello from the program'));
  server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
  process.on('SIGTERM', () => { console.log('told to stop'); server.close(); process.exitCode = 7; });
`;

describe('heddle run', () => {
  it('starts the program with the sidecar as its HTTP proxy, without a token on this host', async () => {
    const port = await freePort();
    const run = start(
      ['run', '--service', 'web', '--port', String(port), '--', process.execPath, '-e', application, '--', '--flag'],
      {
        PORT: String(port),
      },
    );
    await run.says('listening');
    const told = JSON.parse(run.stdout().split('\n')[0] ?? '');
    expect(told).toMatchObject({ NO_PROXY: 'localhost,127.0.0.1,::1', https_proxy: null, argv: ['--flag'] });
    expect(told.http_proxy).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(told.HTTP_PROXY).toBe(told.http_proxy);

    // A second sidecar calls the first by its name: through HTTP_PROXY, over mTLS, to the program.
    const caller = start(['run', '--service', 'caller', '--', 'sh', '-c', 'echo "proxy=$http_proxy"; sleep 60']);
    await caller.says('proxy=http');
    const proxy = /proxy=http:\/\/127\.0\.0\.1:(\d+)/.exec(caller.stdout())?.[1];
    expect(await callThrough(Number(proxy), 'http://web/')).toBe('200 hello from the program');

    run.child.kill('SIGTERM');
    expect(await run.exited).toBe(7);
    expect(run.stdout()).toContain('told to stop');
    caller.child.kill('SIGTERM');
    expect(await caller.exited).toBe(143);
  });

  it('warns of a program that other hosts can reach without mTLS', async () => {
    const script = `require('node:net').createServer().listen(0, '0.0.0.0')`;
    const run = start(['run', '--service', 'open', '--', process.execPath, '-e', script]);
    await run.says('without mTLS');
    expect(run.stderr()).toMatch(/‼ the program listens on 0\.0\.0\.0:\d+/);
  });

  it('passes the exit code on, and has 127 for a program that is not there', async () => {
    const [seven, missing] = await Promise.all([
      heddle('run', '--service', 'one', '--', 'sh', '-c', 'exit 7'),
      heddle('run', '--service', 'two', '--', '/nowhere/program'),
    ]);
    expect(seven.code).toBe(7);
    expect(missing.code).toBe(127);
    expect(missing.stderr).toContain('/nowhere/program was not found');
  });

  it('never starts the program when the control plane refuses its token, and says why', async () => {
    const token = readFileSync(join(environment.XDG_STATE_HOME, 'heddle', 'host-token'), 'utf8').trim();
    const file = join(folder, 'forged.token');
    writeFileSync(file, `${token.slice(0, -6)}AAAAAA`);
    const { code, stdout, stderr } = await heddle(
      ...['run', '--service', 'liar', '--join-token', file, '--', 'echo', 'started'],
    );
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^error: no way into the mesh: .*token/m);
  });

  it('says in one line what keeps it from starting, exit code 2', async () => {
    const file = join(folder, 'no.token');
    writeFileSync(file, 'hello');
    const port = controlPlane.stderr().match(/http:\/\/127\.0\.0\.1:(\d+) /)?.[1] ?? '';
    for (const [flag, value] of [
      ['--join-token', file],
      ['--join-token', join(folder, 'nothing')],
      ['--admin-port', port],
      ['--access-log', join(folder, 'nothing', 'access.log')],
      ['--state-dir', file],
    ] as const) {
      const { code, stdout, stderr } = await heddle('run', '--service', 'web', flag, value, '--', 'echo', 'in');
      expect({ code, stdout, stderr }).toEqual({
        code: 2,
        stdout: '',
        stderr: expect.stringMatching(/^error: [^\n]*\nTry: [^\n]*\n$/),
      });
    }
  });

  it('ends at once where there is nothing to join with, exit code 2', async () => {
    const nowhere = { XDG_CONFIG_HOME: join(folder, 'nowhere'), XDG_STATE_HOME: join(folder, 'nowhere') };
    const early = start(['run', '--service', 'web', '--', 'echo', 'started'], nowhere);
    expect(await early.exited).toBe(2);
    expect(early.stderr()).toMatch(/error: no way into the mesh: .*\nTry: heddle control-plane .*\n$/);
  });

  it('joins with a token for its service only', async () => {
    const file = join(folder, 'web.token');
    writeFileSync(file, (await heddle('token', '--service', 'web')).stdout);
    const options = ['--state-dir', join(folder, 'elsewhere'), '--join-token', file];
    expect((await heddle('run', '--service', 'web', ...options, '--', 'echo', 'in')).stdout).toBe('in\n');
    const other = await heddle('run', '--service', 'bank', ...options, '--', 'echo', 'in');
    expect(other).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('no way into the mesh') });
  });
});

/** The sidecar answers for a service that is not yet known to listen, too: then the call is made again. */
async function callThrough(proxyPort: number, url: string): Promise<string> {
  for (let call = 0; ; call += 1) {
    const answer = await new Promise<string>((resolve, reject) => {
      get({ host: '127.0.0.1', port: proxyPort, path: url, headers: { host: new URL(url).host } }, (response) => {
        const lines = createInterface(response);
        lines.once('line', (line) => resolve(`${response.statusCode} ${line}`));
      }).once('error', reject);
    });
    if (answer.startsWith('200') || call > 100) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
