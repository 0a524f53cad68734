import { join } from 'node:path';
import type {
  Client,
  ClientDuplexStream,
  ClientReadableStream,
  ClientUnaryCall,
  ClientWritableStream,
  Metadata,
  ServiceClientConstructor,
  ServiceDefinition,
  ServiceError,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { credentials, loadPackageDefinition, Metadata as NewMetadata, Server, ServerCredentials } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

export interface Line {
  readonly text: string;
  readonly count: number;
  readonly instance: string;
}

type Sent = Partial<Line>;
type Answer = (error: ServiceError | null, line?: Line) => void;

export interface EchoClient extends Client {
  say(line: Sent, metadata: Metadata, options: { deadline?: number }, answer: Answer): ClientUnaryCall;
  fail(line: Sent, answer: Answer): ClientUnaryCall;
  wait(line: Sent, metadata: Metadata, options: { deadline?: number }, answer: Answer): ClientUnaryCall;
  repeat(line: Sent): ClientReadableStream<Line>;
  join(answer: Answer): ClientWritableStream<Sent>;
  chat(): ClientDuplexStream<Sent, Line>;
}

const definition = loadSync(join(import.meta.dirname, 'echo.proto'), { defaults: true });
const loaded = loadPackageDefinition(definition) as unknown as {
  heddle: { examples: { Echo: ServiceClientConstructor & { service: ServiceDefinition } } };
};
const { Echo } = loaded.heddle.examples;

/** A client over the channel to `target`, which no proxy variable of the environment diverts unless asked to. */
export function echoClient(target: string, options: Record<string, string | number> = {}): EchoClient {
  return new Echo(target, credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
    'grpc.max_receive_message_length': 32 << 20,
    ...options,
  }) as unknown as EchoClient;
}

/** What a server noticed. */
export interface EchoServer {
  readonly port: number;
  /** Calls that their callers gave up. */
  cancelled: number;
  /** Ends at once, with all calls in progress. */
  stop(): void;
}

/** A grpc-js server on a free port of loopback. */
export async function startEchoServer(instance: string): Promise<EchoServer> {
  const server = new Server({ 'grpc.max_receive_message_length': 32 << 20 });
  const seen = { cancelled: 0 };
  server.addService(Echo.service, implementation(instance, seen));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    port,
    get cancelled() {
      return seen.cancelled;
    },
    stop: () => server.forceShutdown(),
  };
}

function implementation(instance: string, seen: { cancelled: number }): UntypedServiceImplementation {
  const reply = ({ text, count }: Line): Line => ({ text, count, instance });
  return {
    say(call: { request: Line; metadata: Metadata }, answer: (e: null, line: Line, trailers: Metadata) => void) {
      const trailers = new NewMetadata();
      trailers.set('x-served-by', instance);
      trailers.set('x-payload-bin', Buffer.from([0, 255, 10, 13]));
      for (const name of ['x-mark', 'x-gone']) {
        for (const value of call.metadata.get(name)) trailers.add(name, value);
      }
      answer(null, reply(call.request), trailers);
    },
    repeat(call: {
      request: Line;
      write(line: Line): boolean;
      end(): void;
      once(event: 'drain', f: () => void): void;
    }) {
      let sent = 0;
      const push = (): void => {
        while (sent < call.request.count) {
          sent++;
          if (!call.write({ ...reply(call.request), count: sent })) {
            call.once('drain', push);
            return;
          }
        }
        call.end();
      };
      push();
    },
    join(call: NodeJS.EventEmitter, answer: (e: null, line: Line) => void) {
      const texts: string[] = [];
      call.on('data', ({ text }: Line) => texts.push(text));
      call.on('end', () => answer(null, { text: texts.join(' '), count: texts.length, instance }));
    },
    chat(call: NodeJS.EventEmitter & { write(line: Line): void; end(): void }) {
      call.on('data', (line: Line) => call.write(reply(line)));
      call.on('end', () => call.end());
      call.on('cancelled', () => seen.cancelled++);
    },
    fail({ request }: { request: Line }, answer: (e: { code: number; details: string }) => void) {
      answer({ code: request.count, details: `as asked: ${request.text}` });
    },
    wait(call: NodeJS.EventEmitter) {
      call.on('cancelled', () => seen.cancelled++);
    },
  };
}
