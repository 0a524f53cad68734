import { extname, join } from 'node:path';
import { freePorts } from './free-ports.ts';

/** One instance of a shop's service, as `heddle run` is to start it. */
export interface Instance {
  readonly name: string;
  readonly service: string;
  readonly version: string;
  /** Where the program is to listen, on loopback. */
  readonly port: number;
  /** Local port of the sidecar for each service that the program calls. */
  readonly upstreams: Readonly<Record<string, number>>;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The one that stops accepting connections when it gets SIGUSR2, and lives on. */
  readonly hangsUp: boolean;
}

export interface Shop {
  readonly instances: readonly Instance[];
  /** Local port of the load generator's sidecar for `web`. */
  readonly loadPort: number;
  /** What serves the database. */
  readonly database: 'python3 -m http.server' | 'node';
}

const programs = join(import.meta.dirname, '..', '..', 'examples', 'shop');

/** Who calls whom: each call goes to the URL in the environment variable `<SERVICE>_URL`. */
const calls: Readonly<Record<string, readonly string[]>> = {
  web: ['cart', 'recommend'],
  cart: ['db'],
};

const running = [
  ['web', 'v1', 2],
  ['cart', 'v1', 2],
  ['cart', 'v2', 1],
  ['recommend', 'v1', 2],
  ['db', 'v1', 1],
] as const;

/** Instances with ports of their own. `hangingUp` adds one of recommend that refuses connections once it is told to. */
export async function planShop(options: { readonly python: boolean; readonly hangingUp: boolean }): Promise<Shop> {
  const wanted: { service: string; version: string; name: string; hangsUp: boolean }[] = running.flatMap(
    ([service, version, count]) =>
      Array.from({ length: count }, (_, index) => ({
        service,
        version,
        name: service === 'cart' ? `cart-${version}-${index + 1}` : `${service}-${index + 1}`,
        hangsUp: false,
      })),
  );
  if (options.hangingUp) wanted.push({ service: 'recommend', version: 'v1', name: 'recommend-3', hangsUp: true });

  const needed = wanted.reduce((sum, { service }) => sum + 1 + (calls[service]?.length ?? 0), 1);
  const ports = (await freePorts(needed)).values();
  const port = () => ports.next().value as number; // as many were asked for as are taken
  const instances = wanted.map(({ service, version, name, hangsUp }): Instance => {
    const own = port();
    const upstreams = Object.fromEntries((calls[service] ?? []).map((upstream) => [upstream, port()]));
    const urls = Object.entries(upstreams).map(([upstream, local]) => [
      `${upstream.toUpperCase()}_URL`,
      `http://127.0.0.1:${local}`,
    ]);
    return {
      ...{ name, service, version, port: own, upstreams, hangsUp },
      command: commandFor(service, own, hangsUp, options.python),
      environment: { PORT: String(own), INSTANCE: name, VERSION: version, ...Object.fromEntries(urls) },
    };
  });
  return { instances, loadPort: port(), database: options.python ? 'python3 -m http.server' : 'node' };
}

function commandFor(service: string, port: number, hangsUp: boolean, python: boolean): string[] {
  if (service === 'db' && python) {
    const line = `exec python3 -m http.server --bind 127.0.0.1 --directory "$0" ${port} 2>/dev/null`;
    return ['sh', '-c', line, join(programs, 'db')]; // it logs every request; that would fill the disk of a long demo
  }
  return [
    process.execPath,
    ...process.execArgv,
    join(programs, `${service}${hangsUp ? '-hangs-up' : ''}${extname(import.meta.filename)}`),
  ];
}
