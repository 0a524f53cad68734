import { spawn } from 'node:child_process';
import { connectTcp } from './tcp-client.ts';

/** How long a program may take until it accepts connections; a machine with all tests running is slow. */
const START_MS = 20_000;
/** Between two looks. */
const LOOK_MS = 10;
/** What is kept of what a program complains of. */
const MAX_COMPLAINT = 4_096;

/** A program that runs beside a test. */
export interface RunningProgram {
  stop(): Promise<void>;
}

/**
 * Starts a server that we did not write; resolves when it accepts connections on `port` of loopback.
 *
 * @throws Error with what it said, when it ends instead, or does not listen within 20 s
 */
export async function startProgram(
  program: string,
  parameters: readonly string[],
  port: number,
): Promise<RunningProgram> {
  const child = spawn(program, parameters, { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  let end: string | null = null;
  child.stderr.on('data', (text) => {
    complaint = `${complaint}${text}`.slice(-MAX_COMPLAINT);
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      end = `ended with ${code ?? signal}`;
      resolve();
    });
    child.once('error', ({ message }) => {
      end = message;
      resolve();
    });
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await exited;
    clearTimeout(kill);
  };
  const lastLookMs = performance.now() + START_MS;
  for (;;) {
    if (end !== null) throw new Error(`${program} ${end}: ${complaint}`);
    const socket = await connectTcp(port).catch(() => null);
    if (socket !== null) {
      socket.destroy();
      return { stop };
    }
    if (performance.now() > lastLookMs) {
      await stop();
      throw new Error(`${program} does not listen on ${port} after ${START_MS} ms: ${complaint}`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Output of a program that ends by itself, both streams; rejects when it fails or takes longer than 20 s. */
export function run(program: string, parameters: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { stdio: ['pipe', 'pipe', 'pipe'], timeout: 20_000 });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        text += chunk;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(text);
      else reject(new Error(`${program} ended with ${code}: ${text}`));
    });
    child.stdin.on('error', () => {}); // one that reads nothing
    child.stdin.end(input);
  });
}
