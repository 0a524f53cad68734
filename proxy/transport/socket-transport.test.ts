import { SocketTransport } from './socket-transport.ts';
import { describeTransport } from './transport.contract.ts';
import { describeTransportEnd } from './transport-end.contract.ts';

describeTransport('SocketTransport', (socket, raw) => new SocketTransport(socket, raw));
describeTransportEnd('SocketTransport', (socket, raw) => new SocketTransport(socket, raw));
