/**
 * Makes `node_modules` equal to `package-lock.json`, and does nothing, quickly, when it already is.
 *
 * Every npm script begins with `node setup.js`, so that a fresh clone needs no other command. Plain JavaScript
 * without dependencies: this is the one file that runs before anything is installed.
 *
 * "Equal" is decided in two steps. A stamp inside `node_modules` holds the hash of the lock file that was last
 * installed; where it is missing or another (somebody ran `npm ci` by hand), npm's own record of what it installed
 * is compared with the lock file, package by package.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  linkSync,
  lstatSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const oldestNode = [20, 19];
const stampName = '.heddle-setup';
const lockName = '.setup-lock';

class SetupError extends Error {}

/**
 * @param {string} root folder that holds package.json and package-lock.json
 * @param {(line: string) => void} say called once per event worth telling; never when there is nothing to do
 */
export async function setUp(root, say) {
  const wanted = fingerprint(root);
  if (isInstalled(root, wanted)) return;

  const unlock = await takeLock(join(root, lockName), say);
  try {
    if (isInstalled(root, wanted)) return; // whoever held the lock has just done it
    const modules = join(root, 'node_modules');
    if (isLink(modules)) {
      // npm ci would empty the folder that the link leads to, and that one belongs to somebody else.
      unlinkSync(modules);
      say('node_modules was a link to packages that differ from package-lock.json; installing a folder of its own.');
    }
    say('Installing packages (npm ci) …');
    const startedAtMs = Date.now();
    await installPackages(root);
    writeFileSync(join(modules, stampName), wanted);
    say(`Installed in ${((Date.now() - startedAtMs) / 1000).toFixed(1)} s.`);
  } finally {
    unlock();
  }
}

/** Throws when this Node.js is too old to run Heddle. `version` is `process.versions.node`. */
export function requireNode(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])) {
    throw new SetupError(`Heddle needs Node.js ${oldestNode.join('.')} or later, and this is ${version}.`);
  }
}

/** Some packages differ by platform (esbuild, Biome, TypeScript), so the platform is part of what is installed. */
function fingerprint(root) {
  let lockFile;
  try {
    lockFile = readFileSync(join(root, 'package-lock.json'));
  } catch (cause) {
    throw new SetupError(`package-lock.json cannot be read: ${cause.message}.`);
  }
  return `${createHash('sha256').update(lockFile).digest('hex')} ${process.platform}-${process.arch}\n`;
}

function isInstalled(root, wanted) {
  const stamp = join(root, 'node_modules', stampName);
  if (readIfThere(stamp) === wanted) return true;
  if (!npmInstalledTheSame(root)) return false;
  try {
    writeFileSync(stamp, wanted);
  } catch {
    // A read-only node_modules is a good one; the comparison is merely made again next time.
  }
  return true;
}

/** Compares the lock file with `node_modules/.package-lock.json`, which npm writes at the end of every install. */
function npmInstalledTheSame(root) {
  let locked;
  let installed;
  try {
    locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
    installed = JSON.parse(readFileSync(join(root, 'node_modules', '.package-lock.json'), 'utf8')).packages;
  } catch {
    return false;
  }
  for (const [path, entry] of Object.entries(locked)) {
    if (path === '') continue;
    const found = installed[path];
    if (found === undefined && (entry.optional || entry.devOptional)) continue; // made for another platform
    if (found?.version !== entry.version || found?.integrity !== entry.integrity) return false;
  }
  return Object.keys(installed).every((path) => path in locked);
}

function isLink(path) {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

/**
 * `--include=dev` because NODE_ENV=production would leave the compiler out; `--ignore-scripts` because no package
 * here needs an install script and none should run one.
 */
async function installPackages(root) {
  const options = ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  // npm's chatter goes to stderr: stdout belongs to the command that was asked for.
  const settings = { cwd: root, stdio: ['ignore', 2, 2] };
  let outcome = await finished(spawn('npm', options, settings));
  const npmThatRanUs = process.env.npm_execpath ?? '';
  if (outcome.error?.code === 'ENOENT' && npmThatRanUs.endsWith('npm-cli.js')) {
    outcome = await finished(spawn(process.execPath, [npmThatRanUs, ...options], settings));
  }
  if (outcome.error?.code === 'ENOENT') {
    throw new SetupError('npm is not on PATH; it comes with Node.js (https://nodejs.org) or as the package npm.');
  }
  if (outcome.error) throw new SetupError(`npm cannot be started: ${outcome.error.message}.`);
  if (outcome.code !== 0) {
    throw new SetupError(`npm ci failed (${outcome.signal ?? `exit ${outcome.code}`}); its messages are above.`);
  }
}

/** Resolves when the child is gone; Ctrl-C reaches the child as well, so we wait for it and clean up after it. */
function finished(child) {
  return new Promise((resolve) => {
    const forward = (signal) => child.kill(signal);
    const settle = (outcome) => {
      process.off('SIGINT', forward);
      process.off('SIGTERM', forward);
      resolve(outcome);
    };
    process.on('SIGINT', forward);
    process.on('SIGTERM', forward);
    child.once('error', (error) => settle({ error }));
    child.once('exit', (code, signal) => settle({ code, signal }));
  });
}

/**
 * One installation at a time. The lock is a file that names its owner, put in place with link(2), so that it never
 * exists without its content; an owner that is gone (killed, machine restarted) is found out and its lock broken.
 *
 * It lies beside `node_modules` and not inside, because npm ci begins by emptying that folder.
 */
async function takeLock(path, say) {
  const own = `${path}-${process.pid}`;
  const owner = `${process.pid} ${startTime(process.pid)}`;
  writeFileSync(own, owner);
  try {
    for (let told = false; ; ) {
      try {
        linkSync(own, path);
        break;
      } catch (error) {
        if (error.code !== 'EEXIST') throw new SetupError(`the lock ${path} cannot be taken: ${error.message}.`);
      }
      const holder = readIfThere(path);
      if (holder !== null && !isAlive(holder)) {
        breakLock(path, holder);
      } else {
        if (!told) say(`Waiting for the installation that process ${holder?.split(' ')[0]} has begun …`);
        told = true;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  } finally {
    rmSync(own, { force: true });
  }
  return () => {
    if (readIfThere(path) === owner) rmSync(path, { force: true });
  };
}

function breakLock(path, holder) {
  const aside = `${path}-broken-${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return; // somebody else has broken it: the next attempt to take it decides
  }
  try {
    // Between judging and moving, the lock may have passed to a live owner: then it goes back.
    if (readFileSync(aside, 'utf8') !== holder) linkSync(aside, path);
  } catch {
    // A third one has taken it meanwhile and will find the packages installed or install them.
  }
  rmSync(aside, { force: true });
}

function isAlive(holder) {
  const [pid, startedAt] = holder.split(' ');
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if (error.code !== 'EPERM') return false; // EPERM: alive, and another user's
  }
  return startTime(pid) === startedAt;
}

/** The process's start in clock ticks since boot, `/proc/<pid>/stat` field 22: tells a reused pid from its first owner. */
function startTime(pid) {
  const stat = readIfThere(`/proc/${pid}/stat`);
  // The second field, the program's name, may hold spaces and parentheses: count from the last one.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '-';
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

async function main() {
  const root = dirname(fileURLToPath(import.meta.url));
  try {
    requireNode(process.versions.node);
    await setUp(root, (line) => console.error(line));
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`setup: ${error.message}`);
    process.exitCode = 1;
  }
}

// Run as a program, not imported by a test. The path it was called by may lead through links; its URL never does.
if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) void main();
