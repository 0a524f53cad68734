import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const here = import.meta.dirname;
const packages = realpathSync(join(here, 'node_modules'));
let clone: string;

beforeAll(() => {
  clone = mkdtempSync(join(tmpdir(), 'heddle-build-'));
  for (const file of ['build.ts', 'bundle.ts', 'tsconfig.json', 'tsconfig.build.json']) {
    cpSync(join(here, file), join(clone, file));
  }
  write('package.json', '{"type":"module"}');
  write('package-lock.json', '{}');
  mkdirSync(join(clone, 'node_modules', '.bin'), { recursive: true });
  for (const name of readdirSync(packages)) {
    if (!name.startsWith('.')) symlinkSync(join(packages, name), join(clone, 'node_modules', name));
  }
  write('cli/heddle.ts', "#!/usr/bin/env node\nimport { name } from './name.ts';\nprocess.stdout.write(name);\n");
  write('cli/name.ts', "export const name: string = 'heddle';\n");
  write('cli/name.test.ts', 'export {};\n');
  write('cli/testing/fake.ts', 'export {};\n');
  write('cli/sidecar.ts', sidecar);
  write('proxy/workers/worker.ts', 'export {};\n');
  write('proto/contract-json.ts', 'export const contractJson: string | null = null;\n');
  write('proto/contract.proto', 'syntax = "proto3";\nimport "heddle/v1/joining.proto";\n');
  write(
    'proto/heddle/v1/joining.proto',
    'syntax = "proto3";\npackage heddle.v1;\nmessage JoinRequest { string token = 1; }\n',
  );
});

/** Prints a message that it has decoded, read from YAML by a package that it loads on first use. */
const sidecar = `import { fromJSON } from '@grpc/proto-loader';
import { contractJson } from '../proto/contract-json.ts';
const { parse } = await import('yaml');
const { serialize, deserialize } = fromJSON(JSON.parse(contractJson ?? ''), {})['heddle.v1.JoinRequest'] as never as {
  serialize(message: unknown): Buffer;
  deserialize(bytes: Buffer): unknown;
};
process.stdout.write(JSON.stringify(deserialize(serialize(parse('token: from-yaml')))));
`;

afterAll(() => rmSync(clone, { recursive: true }));

describe('build', () => {
  it('compiles sources, copies what is read at run time, and leaves tests out', () => {
    expect(build().code).toBe(0);
    expect(filesBelow('dist').filter((file) => !file.startsWith('sidecar/'))).toEqual([
      '.built-from',
      'cli/heddle.js',
      'cli/heddle.js.map',
      'cli/name.js',
      'cli/name.js.map',
      'cli/sidecar.js',
      'cli/sidecar.js.map',
      'proto/contract-json.js',
      'proto/contract-json.js.map',
      'proxy/workers/worker.js',
      'proxy/workers/worker.js.map',
    ]);
  });

  it('makes a sidecar of its own that needs no packages, no .proto files and nothing else of the output', () => {
    const alone = mkdtempSync(join(tmpdir(), 'heddle-bundle-'));
    try {
      cpSync(join(clone, 'dist', 'sidecar'), alone, { recursive: true });
      const run = spawnSync(process.execPath, [join(alone, 'sidecar.mjs')], { cwd: alone, encoding: 'utf8' });
      expect(run).toMatchObject({ stdout: '{"token":"from-yaml"}', stderr: '' });
    } finally {
      rmSync(alone, { recursive: true });
    }
  });

  it('puts the program where npx finds it', () => {
    const link = join(clone, 'node_modules', '.bin', 'heddle');
    expect(readlinkSync(link)).toBe('../../dist/cli/heddle.js');
    expect(spawnSync(link, { encoding: 'utf8', env: { PATH: dirname(process.execPath) } }).stdout).toBe('heddle');
  });

  it('does nothing when no source has changed', () => {
    const before = statSync(join(clone, 'dist/cli/name.js')).ino;
    expect(build('--quiet')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(statSync(join(clone, 'dist/cli/name.js')).ino).toBe(before);
  });

  it('keeps the last good output when the sources do not compile', () => {
    write('cli/name.ts', 'export const name: string = 1;\n');
    const run = build('--quiet');
    expect(run.code).toBe(1);
    expect(run.stderr).toContain('cli/name.ts');
    expect(run.stdout).toBe('');
    expect(readFileSync(join(clone, 'dist/cli/name.js'), 'utf8')).toContain("'heddle'");
    expect(readdirSync(clone).filter((name) => name.startsWith('dist'))).toEqual(['dist']);
  });

  it('removes what is no longer made from any source', () => {
    write('cli/name.ts', "export const name: string = 'renamed';\n");
    write('certs/old.ts', 'export const age: number = 9;\n');
    expect(build('--quiet').code).toBe(0);
    expect(existsSync(join(clone, 'dist/certs'))).toBe(true);
    rmSync(join(clone, 'certs'), { recursive: true });
    expect(build('--quiet')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(readFileSync(join(clone, 'dist/cli/name.js'), 'utf8')).toContain("'renamed'");
    expect(existsSync(join(clone, 'dist/certs'))).toBe(false);
  });
});

function write(path: string, text: string): void {
  mkdirSync(dirname(join(clone, path)), { recursive: true });
  writeFileSync(join(clone, path), text);
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(clone, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(clone, folder).length + 1))
    .sort();
}

function build(...options: string[]): { code: number | null; stdout: string; stderr: string } {
  const run = spawnSync(process.execPath, [join(packages, 'tsx/dist/cli.mjs'), join(clone, 'build.ts'), ...options], {
    encoding: 'utf8',
  });
  return { code: run.status, stdout: run.stdout, stderr: run.stderr };
}
