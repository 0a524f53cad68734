/** The part of http-proxy 1.18 that we use; the package has no types of its own. */
declare module 'http-proxy' {
  import type { Agent, IncomingMessage, ServerResponse } from 'node:http';

  interface ProxyServer {
    web(request: IncomingMessage, response: ServerResponse, options: object, onError: () => void): void;
  }
  const httpProxy: { createProxyServer(options: { readonly target: string; readonly agent: Agent }): ProxyServer };
  export = httpProxy;
}
