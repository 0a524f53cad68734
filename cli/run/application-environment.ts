/** Never proxied: the program's own machine. */
const direct = 'localhost,127.0.0.1,::1';

/**
 * The environment of a program beside a sidecar: ours, plus the sidecar as its HTTP proxy.
 *
 * `https_proxy` is never set: behind it programs would ask the sidecar to CONNECT and speak TLS of their own, which the
 * mesh could neither route nor observe. `no_proxy` is set in both spellings, because curl and Python read the lower-case
 * one first, and one left over from the user's shell would win. HEDDLE_* stays behind: it was meant for the sidecar, and
 * holds the join token.
 */
export function applicationEnvironment(environment: NodeJS.ProcessEnv, proxyPort: number): NodeJS.ProcessEnv {
  const own = Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('HEDDLE_')));
  const proxy = `http://127.0.0.1:${proxyPort}`;
  return { ...own, http_proxy: proxy, HTTP_PROXY: proxy, no_proxy: direct, NO_PROXY: direct };
}
