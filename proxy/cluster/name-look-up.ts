import type { LookupAddress } from 'node:dns';
import { promises as dns } from 'node:dns';
import type { DnsFamily } from './cluster-config.ts';

/** What a name stands for now. */
export interface NameAnswer {
  /** IP addresses, one at least. */
  readonly addresses: readonly string[];
  /** Null where nobody says how long that holds, as for `/etc/hosts`. */
  readonly ttlMs: number | null;
}

/** Rejects with the resolver's error. */
export type LookUpName = (host: string, family: DnsFamily) => Promise<NameAnswer>;

/** The part of `dns.promises.Resolver` that is used. */
export interface Records {
  resolve4(host: string, options: { ttl: true }): Promise<readonly { address: string; ttl: number }[]>;
  resolve6(host: string, options: { ttl: true }): Promise<readonly { address: string; ttl: number }[]>;
}

export interface NameLookUpOptions {
  /** `192.0.2.53` or `192.0.2.53:5353`; those of `/etc/resolv.conf` where there are none. */
  readonly servers?: readonly string[];
  readonly records?: Records;
  /** What the host knows beside DNS; `getaddrinfo` by default. */
  readonly lookUpHost?: (host: string) => Promise<readonly LookupAddress[]>;
  /** Names looked up at a time. Default 8. */
  readonly maxRunning?: number;
  /** Default 10 000. */
  readonly timeoutMs?: number;
}

type Version = 4 | 6;

/** Which records are asked for: the second kind only where there is none of the first. */
const orders: Readonly<Record<DnsFamily, readonly (readonly Version[])[]>> = {
  v4: [[4]],
  v6: [[6]],
  'v4-preferred': [[4], [6]],
  'v6-preferred': [[6], [4]],
  all: [[4, 6]],
};

/** A name server that says nothing is asked twice; c-ares tries the next one in between. */
const serverTimeoutMs = 2000;
const serverTries = 2;

/**
 * Looks names up: A and AAAA records, whose time to live is known, and where there are none what the host knows beside DNS.
 * A few at a time: `getaddrinfo` cannot be called off and keeps one of libuv's few threads for as long as it takes.
 */
export function nameLookUp(options: NameLookUpOptions = {}): LookUpName {
  const { servers = [], maxRunning = 8, timeoutMs = 10_000, lookUpHost = allAddresses } = options;
  const records = options.records ?? systemRecords(servers);
  const waiting = new Set<() => void>();
  let running = 0;
  const runNext = (): void => {
    const [begin] = waiting;
    if (begin === undefined || running >= maxRunning) return;
    waiting.delete(begin);
    begin();
  };
  return (host, family) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(begin);
        reject(new Error('no answer'));
      }, timeoutMs).unref();
      const begin = (): void => {
        running++;
        lookUp(host, family, records, lookUpHost)
          .then(resolve, reject)
          .finally(() => {
            clearTimeout(timer);
            // also long after it was given up: its thread is busy until now
            running--;
            runNext();
          });
      };
      waiting.add(begin);
      runNext();
    });
}

async function lookUp(
  host: string,
  family: DnsFamily,
  records: Records,
  lookUpHost: (host: string) => Promise<readonly LookupAddress[]>,
): Promise<NameAnswer> {
  for (const versions of orders[family]) {
    const found = (await Promise.all(versions.map((version) => recordsOf(host, version, records)))).flat();
    if (found.length > 0)
      return answerOf(
        found.map(({ address }) => address),
        Math.min(...found.map(({ ttl }) => ttl)),
      );
  }
  const known = await lookUpHost(host);
  for (const versions of orders[family]) {
    const found = known.filter((address) => versions.some((version) => version === address.family));
    if (found.length > 0)
      return answerOf(
        found.map(({ address }) => address),
        null,
      );
  }
  throw Object.assign(new Error(`${host} has no address of the wanted family`), { code: 'ENODATA' });
}

/** Nothing where the name server has nothing, or does not answer: `getaddrinfo` then says what is wrong. */
async function recordsOf(host: string, version: Version, records: Records) {
  try {
    return await (version === 4 ? records.resolve4(host, { ttl: true }) : records.resolve6(host, { ttl: true }));
  } catch {
    return [];
  }
}

function answerOf(addresses: readonly string[], ttlSeconds: number | null): NameAnswer {
  return { addresses: [...new Set(addresses)], ttlMs: ttlSeconds === null ? null : ttlSeconds * 1000 };
}

function systemRecords(servers: readonly string[]): Records {
  const resolver = new dns.Resolver({ timeout: serverTimeoutMs, tries: serverTries });
  if (servers.length > 0) resolver.setServers(servers);
  return resolver;
}

function allAddresses(host: string): Promise<LookupAddress[]> {
  return dns.lookup(host, { all: true, verbatim: true });
}
