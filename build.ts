/**
 * `npm run build`: compiles the sources into `dist/`, with the files that are read at run time beside them, and makes
 * the sidecar's bundle of them.
 *
 * The whole tree is made next to `dist/` and then takes its place, so that nothing stale survives, a failed build
 * leaves the last good one, and two builds at once do not mix. When no input has changed it does nothing.
 *
 * `--quiet` says nothing unless it fails; `--force` builds in any case.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { bundleSidecar, embedContract } from './bundle.ts';

const root = import.meta.dirname;
const output = join(root, 'dist');
const stampName = '.built-from';
const program = join('cli', 'heddle.js');

const settings = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'build.ts', 'bundle.ts'];
const sourceFolders = ['proxy', 'control-plane', 'cli', 'rate-limit', 'proto', 'certs', 'examples', 'bench'];

async function main(options: readonly string[]): Promise<number> {
  const say = (line: string) => options.includes('--quiet') || console.error(line);
  const startedAtMs = Date.now();
  const inputs = sourceFolders.flatMap(filesBelow).filter((path) => /\.(ts|proto)$/.test(path) || isAsset(path));
  const stamp = fingerprint([...settings, ...inputs]);
  if (!options.includes('--force') && readIfThere(join(output, stampName)) === stamp) {
    offerProgram();
    say('dist/ is up to date.');
    return 0;
  }

  const fresh = `${output}.${process.pid}`;
  try {
    const compiler = spawnSync(
      process.execPath,
      [
        join(root, 'node_modules/typescript/bin/tsc'),
        '-p',
        'tsconfig.build.json',
        '--outDir',
        fresh,
        '--noEmitOnError',
      ],
      // The compiler reports on stdout, which belongs to whatever runs after the build.
      { cwd: root, stdio: ['ignore', 2, 2] },
    );
    if (compiler.status !== 0) {
      console.error('build: the sources do not compile; dist/ is as it was.');
      return 1;
    }
    for (const asset of inputs.filter(isAsset)) {
      mkdirSync(dirname(join(fresh, asset)), { recursive: true });
      copyFileSync(join(root, asset), join(fresh, asset));
    }
    if (existsSync(join(fresh, program))) chmodSync(join(fresh, program), 0o755);
    embedContract(join(root, 'proto'), fresh);
    await bundleSidecar(fresh);
    writeFileSync(join(fresh, stampName), stamp);
    takePlace(fresh);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  offerProgram();
  say(`Built dist/ in ${((Date.now() - startedAtMs) / 1000).toFixed(1)} s.`);
  return 0;
}

/** Files that code reads at run time, by a path relative to its own. */
function isAsset(path: string): boolean {
  return /^examples\/.*\.(yaml|json|html|proto|py)$/.test(path);
}

function filesBelow(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

/** By content: a checkout or a clone changes every modification time and nothing else. */
function fingerprint(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of [...paths].sort())
    hash
      .update(path)
      .update('\0')
      .update(readFileSync(join(root, path)))
      .update('\0');
  return hash.digest('hex');
}

function takePlace(fresh: string): void {
  const old = `${fresh}.old`;
  for (;;) {
    if (existsSync(output)) renameSync(output, old);
    try {
      renameSync(fresh, output);
      break;
    } catch (error) {
      // Another build has put its own there meanwhile; it is of the same sources or older ones, so ours follows it.
      if (!existsSync(output)) throw error;
      rmSync(old, { recursive: true, force: true });
    }
  }
  rmSync(old, { recursive: true, force: true });
}

/**
 * Makes `npx heddle` work in the clone. npx looks into `node_modules/.bin` before it asks a registry, and npm does
 * not link a package's own programs there.
 */
function offerProgram(): void {
  const modules = join(root, 'node_modules');
  if (lstatSync(modules).isSymbolicLink()) return; // shared with another checkout, whose program is meant there
  const link = join(modules, '.bin', 'heddle');
  const target = join('..', '..', 'dist', program);
  if (readLinkIfThere(link) === target) return;
  rmSync(link, { force: true });
  symlinkSync(target, link);
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // not built yet
  }
}

function readLinkIfThere(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null; // nothing there, or something that is no link
  }
}

process.exitCode = await main(process.argv.slice(2));
