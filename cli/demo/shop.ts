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
  /** False for the instance that never listens and so refuses every connection. */
  readonly listens: boolean;
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

/** Instances with ports of their own. `refusing` adds one of recommend that registers and then never listens. */
export async function planShop(options: { readonly python: boolean; readonly refusing: boolean }): Promise<Shop> {
  const wanted: { service: string; version: string; name: string; listens: boolean }[] = running.flatMap(
    ([service, version, count]) =>
      Array.from({ length: count }, (_, index) => ({
        service,
        version,
        name: service === 'cart' ? `cart-${version}-${index + 1}` : `${service}-${index + 1}`,
        listens: true,
      })),
  );
  if (options.refusing) wanted.push({ service: 'recommend', version: 'v1', name: 'recommend-3', listens: false });

  const needed = wanted.reduce((sum, { service }) => sum + 1 + (calls[service]?.length ?? 0), 1);
  const ports = (await freePorts(needed)).values();
  const port = () => ports.next().value as number; // as many were asked for as are taken
  const instances = wanted.map(({ service, version, name, listens }): Instance => {
    const own = port();
    const upstreams = Object.fromEntries((calls[service] ?? []).map((upstream) => [upstream, port()]));
    const urls = Object.entries(upstreams).map(([upstream, local]) => [
      `${upstream.toUpperCase()}_URL`,
      `http://127.0.0.1:${local}`,
    ]);
    return {
      ...{ name, service, version, port: own, upstreams, listens },
      command: commandFor(service, own, listens, options.python),
      environment: { PORT: String(own), INSTANCE: name, VERSION: version, ...Object.fromEntries(urls) },
    };
  });
  return { instances, loadPort: port(), database: options.python ? 'python3 -m http.server' : 'node' };
}

function commandFor(service: string, port: number, listens: boolean, python: boolean): string[] {
  if (!listens) return ['sleep', 'infinity'];
  if (service === 'db' && python) {
    const line = `exec python3 -m http.server --bind 127.0.0.1 --directory "$0" ${port} 2>/dev/null`;
    return ['sh', '-c', line, join(programs, 'db')]; // it logs every request; that would fill the disk of a long demo
  }
  return [process.execPath, ...process.execArgv, join(programs, `${service}${extname(import.meta.filename)}`)];
}
