import { SocketTransport } from './socket-transport.ts';
import { describeTransport } from './transport.contract.ts';

describeTransport('SocketTransport', (socket, raw) => new SocketTransport(socket, raw));
