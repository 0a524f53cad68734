/** Of what a field of `circuitBreaker` in a `BackendTrafficPolicy` is the limit. */
const nouns: Readonly<Record<string, readonly [one: string, many: string]>> = {
  maxConnections: ['connection', 'connections'],
  maxPendingRequests: ['request that waits for a connection', 'requests that wait for a connection'],
  maxParallelRequests: ['request at a time', 'requests at a time'],
  'perEndpoint.maxConnections': ['connection to one instance', 'connections to one instance'],
};

/**
 * `limit of 20 connections reached (circuitBreaker.maxConnections)`: why a request is refused, with the field that says so. `name`
 * is the field below `circuitBreaker`.
 */
export function limitReached({ name, max }: { readonly name: string; readonly max: number }): string {
  const priority = 'highPriority.';
  const isHigh = name.startsWith(priority);
  const noun = nouns[isHigh ? name.slice(priority.length) : name]?.[max === 1 ? 0 : 1] ?? name;
  return `limit of ${max} ${noun}${isHigh ? ' of high priority' : ''} reached (circuitBreaker.${name})`;
}

/** The field that such a text names, `circuitBreaker.maxConnections`; '' for another text. */
export function fieldOfLimit(detail: string): string {
  return / reached \((circuitBreaker\.[\w.]+)\)$/.exec(detail)?.[1] ?? '';
}
