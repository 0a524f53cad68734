import { readdir, readFile, readlink } from 'node:fs/promises';

/** A TCP socket that accepts connections from other hosts. */
export interface OpenListener {
  /** `0.0.0.0`, `192.0.2.7`, `[::]` … */
  readonly address: string;
  readonly port: number;
}

/**
 * The sockets on which a session's processes listen beyond loopback: there, other hosts reach the program without mTLS.
 *
 * Read from `/proc`, asynchronously, because it runs beside a data path; what vanishes while we read is left out, and
 * without `/proc` (not Linux) the answer is empty. The session and not the process group: shells put the jobs they
 * start into groups of their own, and the session that `startApplication` made still holds them all.
 */
export async function openListeners(session: number, proc = '/proc'): Promise<OpenListener[]> {
  const members = await sessionMembers(session, proc);
  if (members.length === 0) return [];
  const held = new Set((await Promise.all(members.map((pid) => socketInodes(pid, proc)))).flat());
  // The program may live in a network namespace that is not ours, so its own view is what counts.
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => read(`${proc}/${members[0]}/net/${name}`)));
  const found = new Map<string, OpenListener>();
  for (const line of tables.flatMap((table) => table.split('\n').slice(1))) {
    const listener = parseListener(line, held);
    if (listener !== null) found.set(`${listener.address}:${listener.port}`, listener);
  }
  return [...found.values()];
}

async function sessionMembers(session: number, proc: string): Promise<number[]> {
  const entries = await readdir(proc).catch(() => []);
  const members: number[] = [];
  for (const pid of entries.filter((name) => /^\d+$/.test(name))) {
    const stat = await read(`${proc}/${pid}/stat`);
    // "pid (name) state ppid pgrp session …"; the name may hold spaces and parentheses: count from the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(fields[3]) === session) members.push(Number(pid));
  }
  return members;
}

async function socketInodes(pid: number, proc: string): Promise<string[]> {
  const descriptors = await readdir(`${proc}/${pid}/fd`).catch(() => []);
  const targets = await Promise.all(descriptors.map((fd) => readlink(`${proc}/${pid}/fd/${fd}`).catch(() => '')));
  return targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []);
}

const listening = '0A';

/** One line of `/proc/net/tcp`: `sl local_address rem_address st … uid timeout inode`, addresses in hexadecimal. */
function parseListener(line: string, held: ReadonlySet<string>): OpenListener | null {
  const fields = line.trim().split(/\s+/);
  const [address = '', port = ''] = (fields[1] ?? '').split(':');
  if (fields[3] !== listening || !held.has(fields[9] ?? '')) return null;
  const bytes = networkOrder(address);
  if (isLoopback(bytes)) return null;
  return { address: bytes.length === 4 ? bytes.join('.') : formatIpv6(bytes), port: Number.parseInt(port, 16) };
}

/** The kernel prints an address as 32-bit words in the machine's own byte order, little-endian wherever Node runs here. */
function networkOrder(hexadecimal: string): number[] {
  const words = hexadecimal.match(/.{8}/g) ?? [];
  return words.flatMap((word) => [...Buffer.from(word, 'hex')].reverse());
}

function isLoopback(bytes: readonly number[]): boolean {
  if (bytes.length === 4) return bytes[0] === 127;
  const leadingZeros = bytes.findIndex((byte) => byte !== 0);
  if (leadingZeros === 15) return bytes[15] === 1; // ::1
  const isMapped = leadingZeros === 10 && bytes[10] === 0xff && bytes[11] === 0xff;
  return isMapped && bytes[12] === 127; // ::ffff:127.0.0.0/104
}

function formatIpv6(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16),
  );
  // URL knows the canonical short form (RFC 5952): reuse it.
  return new URL(`http://[${groups.join(':')}]`).hostname;
}

async function read(path: string): Promise<string> {
  return readFile(path, 'latin1').catch(() => '');
}
