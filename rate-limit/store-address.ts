import type { RedisAddress } from './redis-store.ts';

/** Where counts are to be kept. */
export type StoreAddress = { readonly kind: 'memory' } | { readonly kind: 'redis'; readonly redis: RedisAddress };

/** Redis' own port. */
const REDIS_PORT = 6379;

/** `memory`, or `redis://[[user]:password@]host[:port][/database]`; null for what is neither. */
export function parseStoreAddress(text: string): StoreAddress | null {
  if (text === 'memory') return { kind: 'memory' };
  if (!URL.canParse(text)) return null;
  const { protocol, hostname, port, username, password, pathname, search, hash } = new URL(text);
  const database = /^\/?(\d{0,4})$/.exec(pathname)?.[1];
  if (protocol !== 'redis:' || hostname === '' || database === undefined || search !== '' || hash !== '') return null;
  const [user, secret] = [decoded(username), decoded(password)];
  if (user === null || secret === null) return null;
  return {
    kind: 'redis',
    redis: {
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? REDIS_PORT : Number(port),
      user,
      password: secret,
      database: Number(database || 0),
    },
  };
}

/** Null for a percent sign with no two digits behind it, which means nothing in a URL. */
function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}
