/** The shop's database where there is no python3 to serve the same file with `python3 -m http.server`. */

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const items = readFileSync(join(import.meta.dirname, 'db', 'items.json'));

const server = createServer((request, response) => {
  const found = request.url === '/items.json';
  response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' });
  response.end(found ? items : '{}');
});
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1');
process.once('SIGTERM', () => server.close());
