import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** A scripted npm: notes its arguments, empties node_modules as `npm ci` does, and writes npm's own record. */
const fakeNpm = `#!${process.execPath}
const fs = require('node:fs');
fs.appendFileSync('npm-calls', JSON.stringify({ arguments: process.argv.slice(2), nodeEnv: process.env.NODE_ENV ?? null }) + '\\n');
if (process.env.FAKE_NPM === 'fail') { console.error('npm error code ECONNREFUSED'); process.exit(7); }
setTimeout(() => {
  fs.rmSync('node_modules', { recursive: true, force: true });
  fs.mkdirSync('node_modules');
  const { packages } = JSON.parse(fs.readFileSync('package-lock.json', 'utf8'));
  delete packages[''];
  fs.writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages }));
}, Number(process.env.FAKE_NPM_MS ?? 0));
`;

const lock = (version: string) =>
  JSON.stringify({
    packages: {
      '': { name: 'clone' },
      'node_modules/yaml': { version, integrity: `sha512-${version}` },
      'node_modules/for-another-platform': { version: '1.0.0', integrity: 'sha512-x', optional: true },
    },
  });

let folder: string;
let clone: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'heddle-setup-'));
  clone = join(folder, 'clone');
  mkdirSync(clone);
  mkdirSync(join(folder, 'bin'));
  cpSync(join(import.meta.dirname, 'setup.js'), join(clone, 'setup.js'));
  writeFileSync(join(clone, 'package.json'), '{"type":"module"}');
  writeFileSync(join(clone, 'package-lock.json'), lock('1.0.0'));
  writeFileSync(join(folder, 'bin', 'npm'), fakeNpm);
  chmodSync(join(folder, 'bin', 'npm'), 0o755);
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('setup.js', () => {
  it('installs what is missing, development packages included, without scripts', async () => {
    const run = await setUp({ NODE_ENV: 'production' });
    expect(run.code).toBe(0);
    expect(run.stdout).toBe('');
    expect(run.stderr).toContain('Installing packages');
    expect(npmCalls()).toEqual([
      { arguments: expect.arrayContaining(['ci', '--include=dev', '--ignore-scripts']), nodeEnv: 'production' },
    ]);
  });

  it('says and does nothing when everything is there', async () => {
    await setUp();
    const again = await setUp();
    expect(again).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(npmCalls()).toHaveLength(1);
  });

  it('installs again when the lock file has changed', async () => {
    await setUp();
    writeFileSync(join(clone, 'package-lock.json'), lock('1.0.1'));
    await setUp();
    expect(npmCalls()).toHaveLength(2);
  });

  it('accepts what npm ci by hand has installed, and looks closer than at the folder', async () => {
    writeNpmRecord('1.0.0');
    expect(await setUp()).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(npmCalls()).toHaveLength(0);

    rmSync(join(clone, 'node_modules'), { recursive: true });
    writeNpmRecord('0.9.0');
    await setUp();
    expect(npmCalls()).toHaveLength(1);
  });

  it('leaves a linked node_modules alone when it fits', async () => {
    await setUp();
    const shared = join(folder, 'shared');
    cpSync(join(clone, 'node_modules'), shared, { recursive: true });
    rmSync(join(clone, 'node_modules'), { recursive: true });
    symlinkSync(shared, join(clone, 'node_modules'));
    expect(await setUp()).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('never empties the folder that a linked node_modules leads to', async () => {
    const shared = join(folder, 'shared');
    mkdirSync(shared);
    writeFileSync(join(shared, 'of-somebody-else'), '');
    symlinkSync(shared, join(clone, 'node_modules'));
    const run = await setUp();
    expect(run.code).toBe(0);
    expect(run.stderr).toContain('was a link');
    expect(existsSync(join(shared, 'of-somebody-else'))).toBe(true);
    expect(existsSync(join(clone, 'node_modules', '.package-lock.json'))).toBe(true);
  });

  it('runs one npm for callers that come at the same time', async () => {
    const runs = await Promise.all([1, 2, 3].map(() => setUp({ FAKE_NPM_MS: '300' })));
    expect(runs.map((run) => run.code)).toEqual([0, 0, 0]);
    expect(npmCalls()).toHaveLength(1);
    expect(runs.filter((run) => run.stderr.includes('Waiting for the installation'))).toHaveLength(2);
  });

  it('breaks the lock of an owner that is gone, also when its process id lives again', async () => {
    for (const owner of ['999999999 1', `${process.pid} 1`]) {
      rmSync(join(clone, 'node_modules'), { recursive: true, force: true });
      writeFileSync(join(clone, '.setup-lock'), owner);
      expect((await setUp()).code).toBe(0);
      expect(existsSync(join(clone, '.setup-lock'))).toBe(false);
    }
  });

  it('works when the clone is reached through a link', async () => {
    symlinkSync(clone, join(folder, 'link'));
    const run = await setUp({}, join(folder, 'link'));
    expect(run.stderr).toContain('Installing packages');
  });

  it('says in one line that npm is missing', async () => {
    const run = await setUp({ PATH: join(folder, 'nowhere'), npm_execpath: '' });
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(/\nsetup: npm is not on PATH.*\n$/);
  });

  it('takes the npm that ran it when PATH has none', async () => {
    const npm = join(folder, 'npm-cli.js');
    cpSync(join(folder, 'bin', 'npm'), npm);
    const run = await setUp({ PATH: join(folder, 'nowhere'), npm_execpath: npm });
    expect(run.code).toBe(0);
    expect(npmCalls()).toHaveLength(1);
  });

  it('passes on that npm failed, and tries again next time', async () => {
    const run = await setUp({ FAKE_NPM: 'fail' });
    expect(run.code).toBe(1);
    expect(run.stderr).toContain('ECONNREFUSED');
    expect(run.stderr).toMatch(/\nsetup: npm ci failed \(exit 7\).*\n$/);
    expect((await setUp()).code).toBe(0);
  });

  it('says in one line that the lock file is missing', async () => {
    rmSync(join(clone, 'package-lock.json'));
    const run = await setUp();
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(/^setup: package-lock.json cannot be read.*\n$/);
  });

  it.each(['20.18.3', '18.20.0', '16.0.0'])('refuses Node.js %s', async (version) => {
    const { requireNode } = await load();
    expect(() => requireNode(version)).toThrow(`needs Node.js 20.19 or later, and this is ${version}`);
  });

  it.each(['20.19.0', '20.20.2', '22.0.0', '26.10.0'])('accepts Node.js %s', async (version) => {
    const { requireNode } = await load();
    expect(() => requireNode(version)).not.toThrow();
  });
});

describe('package-lock.json', () => {
  it('has an entry for every package that it names, because npm ci refuses it otherwise', () => {
    const { packages } = JSON.parse(readFileSync(join(import.meta.dirname, 'package-lock.json'), 'utf8'));
    const missing = Object.entries<Record<string, Record<string, string>>>(packages).flatMap(([path, entry]) =>
      Object.keys({ ...entry.dependencies, ...entry.optionalDependencies }).filter(
        (name) => !foldersAbove(path).some((folder) => `${folder}node_modules/${name}` in packages),
      ),
    );
    expect(missing).toEqual([]);
  });
});

/** Where Node looks for what the package at `path` imports: `node_modules/a/`, then the root. */
function foldersAbove(path: string): string[] {
  const parts = path === '' ? [] : path.split(/\/?node_modules\//).slice(1);
  return parts.map((_, index) => `node_modules/${parts.slice(0, index + 1).join('/node_modules/')}/`).concat('');
}

/** By a computed name, because the compiler does not read JavaScript. */
async function load(): Promise<{ requireNode(version: string): void }> {
  return import(`./${'setup.js'}`);
}

function writeNpmRecord(version: string): void {
  mkdirSync(join(clone, 'node_modules'));
  const { packages } = JSON.parse(lock(version));
  delete packages[''];
  delete packages['node_modules/for-another-platform'];
  writeFileSync(join(clone, 'node_modules', '.package-lock.json'), JSON.stringify({ packages }));
}

function npmCalls(): unknown[] {
  const record = join(clone, 'npm-calls');
  if (!existsSync(record)) return [];
  return readFileSync(record, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

function setUp(environment: Record<string, string> = {}, root = clone) {
  const child = spawn(process.execPath, [join(root, 'setup.js')], {
    env: { PATH: `${join(folder, 'bin')}:${dirname(process.execPath)}`, ...environment },
  });
  const run = { code: -1, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    run.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    run.stderr += chunk;
  });
  return new Promise<typeof run>((resolve) => {
    child.once('close', (code) => resolve({ ...run, code: code ?? -1 }));
  });
}
