/**
 * `node tls-handshakes-program.js <JSON>`: a new TLS connection for every request, some at a time, and prints a report.
 * Each connection presents the certificate; where sessions are resumed, each takes up that of the one before it.
 */
import { readFileSync } from 'node:fs';
import type { TLSSocket } from 'node:tls';
import { connect, createSecureContext } from 'node:tls';
import type { ClientTls } from '../peer.ts';
import { printReport } from './program-report.ts';

export interface TlsHandshakesOptions extends ClientTls {
  readonly port: number;
  readonly path: string;
  readonly connections: number;
  readonly resumes: boolean;
  readonly durationMs: number;
}

const options = JSON.parse(process.argv[2] ?? '{}') as TlsHandshakesOptions; // written by the load of the same build
const identity = readFileSync(options.identityFile, 'utf8');
const secureContext = createSecureContext({
  ca: readFileSync(options.rootFile),
  cert: identity,
  key: identity,
  minVersion: 'TLSv1.3',
});
const request = `GET ${options.path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n`;

const latenciesMs: number[] = [];
const counts = { badAnswers: 0, socketErrors: 0, bodyBytes: 0, resumed: 0 };
const startMs = performance.now();
const endMs = startMs + options.durationMs;
await Promise.all(Array.from({ length: options.connections }, keepConnecting));
printReport(latenciesMs, { ...counts, seconds: (performance.now() - startMs) / 1000 });

async function keepConnecting(): Promise<void> {
  let session: Buffer | undefined;
  if (options.resumes) session = await once(undefined, false);
  while (performance.now() < endMs) {
    const next = await once(session, true);
    // Node's servers offer none to those who resume: the ticket at hand stays good.
    if (options.resumes) session = next ?? session;
  }
}

/** One connection and one request. Gives the session that the server offered for the next. */
function once(session: Buffer | undefined, isCounted: boolean): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    let offered: Buffer | undefined;
    let answer = '';
    const beganMs = performance.now();
    const socket: TLSSocket = connect({
      host: '127.0.0.1',
      port: options.port,
      servername: options.serverName,
      ALPNProtocols: [options.alpn],
      secureContext,
      ...(session === undefined ? {} : { session }),
      // The chain is verified; what it names differs between peers, and this client is not what is measured.
      checkServerIdentity: () => undefined,
    });
    socket.on('session', (latest) => {
      offered = latest;
    });
    socket.once('secureConnect', () => {
      if (isCounted && socket.isSessionReused()) counts.resumed += 1;
      socket.write(request);
    });
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text;
    });
    socket.on('error', () => {
      if (isCounted) counts.socketErrors += 1;
    });
    socket.once('close', () => {
      if (isCounted) {
        latenciesMs.push(performance.now() - beganMs);
        counts.bodyBytes += answer.length;
        if (!answer.startsWith('HTTP/1.1 200 ')) counts.badAnswers += 1;
      }
      resolve(offered);
    });
  });
}
