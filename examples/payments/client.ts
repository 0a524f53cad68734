import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:http2';

/** What a payer is told: a status, or that the answer broke off. */
export type Told = number | 'cut';

/** Pays in one version of HTTP, the body in two pieces, and repeats nothing by itself. */
export type Pay = (method: string, id: string, headers: Record<string, string>) => Promise<Told>;

export function overHttp1(port: number): { pay: Pay; close(): void } {
  const agent = new Agent({ keepAlive: true });
  return {
    pay: async (method, id, headers) => {
      const sent = request({ host: '127.0.0.1', port, agent, method, path: `/${id}`, headers });
      sent.on('error', () => {});
      sent.write('{"amount":');
      setImmediate(() => sent.end('1}'));
      try {
        const [response] = await once(sent, 'response');
        response.on('error', () => {});
        response.resume();
        await once(response, 'end');
        return response.statusCode;
      } catch {
        return 'cut';
      }
    },
    close: () => agent.destroy(),
  };
}

export function overHttp2(port: number): { pay: Pay; close(): void } {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  return {
    pay: async (method, id, headers) => {
      const stream = session.request({ ':method': method, ':path': `/${id}`, ...headers });
      stream.on('error', () => {});
      stream.write('{"amount":');
      setImmediate(() => stream.end('1}'));
      let status = 0;
      stream.on('response', (answer) => {
        status = Number(answer[':status']);
      });
      stream.resume();
      await new Promise((resolve) => stream.once('close', resolve));
      return stream.rstCode === 0 ? status : 'cut';
    },
    close: () => session.destroy(),
  };
}
