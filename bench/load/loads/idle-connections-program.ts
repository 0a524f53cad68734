/**
 * `node idle-connections-program.js <port> <count>`: opens connections, asks one question on each, prints `open` when
 * all are answered, and keeps them open until it is ended.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { AnswerReader } from './answer-reader.ts';

const [port = 0, count = 0] = process.argv.slice(2).map(Number);
const atATime = 20;
let left = count;

await Promise.all(Array.from({ length: atATime }, keepOpening));
process.stdout.write('open\n');
setInterval(() => {}, 60_000);

async function keepOpening(): Promise<void> {
  while (left > 0) {
    left -= 1;
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('close', () => {
      process.stderr.write('a connection was closed\n');
      process.exit(1);
    });
    socket.write('GET / HTTP/1.1\r\nHost: bench\r\n\r\n');
    const reader = new AnswerReader();
    for (;;) {
      const [bytes] = (await once(socket, 'data')) as [Buffer];
      if (reader.take(bytes)) break;
    }
    if (reader.status !== 200) throw new Error(`status ${reader.status}`);
  }
}
