import { CorsFilter } from '../../proxy/filter/cors-filter.ts';
import { RequestHead } from '../../proxy/message-head.ts';
import { report } from '../measure.ts';

const filter = new CorsFilter({
  origins: [{ matches: (origin) => origin === 'https://shop.example' }],
  allowMethods: 'GET, PUT',
  allowHeaders: 'x-cart',
  exposeHeaders: 'x-total',
  maxAge: '600',
  allowCredentials: true,
  forwardsOtherPreflights: false,
});
const headers =
  'Host: cart\r\nUser-Agent: bench/1.0\r\nAccept: application/json\r\nAccept-Encoding: gzip, br\r\n' +
  'X-Request-Id: 6a5f6a1e-6e9c-4bb1-9a67-1b2f3c4d5e6f\r\n';
const answer = 'content-type: application/json\r\ncontent-length: 12\r\ndate: Sat, 21 Nov 2026 08:00:00 GMT\r\n';
const peer = { principal: '', address: '127.0.0.1' };
const requestOf = (block: string, method = 'GET') => ({
  head: Object.assign(new RequestHead(), { method, block }),
  peer,
});

const origin = 'Origin: https://shop.example\r\n';
let sink: unknown = null;
function ask(request: ReturnType<typeof requestOf>): (count: number) => void {
  return (count) => {
    for (let i = 0; i < count; i++) {
      const verdict = filter.onRequest(request);
      sink = verdict?.kind === 'edit' ? verdict.edit.apply(answer) : verdict;
    }
  };
}

report('cors: a request of no page', ask(requestOf(headers)));
report('cors: a request of a page, and its answer', ask(requestOf(headers + origin)));
report('cors: a preflight', ask(requestOf(`${headers}${origin}Access-Control-Request-Method: PUT\r\n`, 'OPTIONS')));
if (sink === undefined) throw new Error('nothing was measured');
