import { Agent, get } from 'node:http';

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const maxBytes = 1024 * 1024;

/**
 * Fetches JSON from a URL, as any program would: keep-alive, five seconds of patience, at most 1 MiB.
 *
 * @throws Error naming the URL and the status or the reason
 */
export function call(url: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => reject(new Error(`${url}: ${reason}`));
    const request = get(url, { agent, signal: AbortSignal.timeout(5_000) }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > maxBytes) response.destroy(new Error(`more than ${maxBytes} bytes`));
      });
      response.on('error', (error) => fail(error.message));
      response.on('end', () => {
        if (response.statusCode !== 200) return fail(`status ${response.statusCode} ${body.slice(0, 500)}`);
        try {
          resolve(JSON.parse(body));
        } catch {
          fail(`not JSON: ${body.slice(0, 100)}`);
        }
      });
    });
    request.on('error', (error) => fail(error.message));
  });
}
