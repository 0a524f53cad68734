/**
 * The npm package http-proxy as a program: `node http-proxy-program.js <port> <upstream port>`. With an agent that
 * keeps connections, because without one it opens a new one for every request.
 */
import { Agent, createServer } from 'node:http';
import httpProxy from 'http-proxy';

const [port, upstreamPort] = process.argv.slice(2).map(Number);
const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 });
const proxy = httpProxy.createProxyServer({ target: `http://127.0.0.1:${upstreamPort}`, agent });
createServer((request, response) => {
  // Without a callback an error, such as a client that has gone, would end the process.
  proxy.web(request, response, {}, () => response.destroy());
}).listen(port, '127.0.0.1');
