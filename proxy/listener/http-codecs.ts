import type { Buffer } from 'node:buffer';
import { ALPN_HTTP2 } from '../../proto/names.ts';
import { defaultHeadLimits, withRoomForSidecar } from '../http1/head-limits.ts';
import type { ServerConnectionOptions } from '../http1/server-connection.ts';
import { ServerConnection } from '../http1/server-connection.ts';
import type { Http2ServerConnectionOptions } from '../http2/server-connection.ts';
import { Http2ServerConnection } from '../http2/server-connection.ts';
import type { DownstreamStream, RequestReceiver } from '../message-head.ts';
import type { Transport, TransportHandler } from '../transport/transport.ts';
import type { AcceptedConnection, NewConnection } from './accepted-connection.ts';
import { CodecChoice } from './codec-choice.ts';

/** How HTTP is spoken on the connections of a listener, and who answers. Settings are read for each connection. */
export interface HttpCodecOptions {
  readonly connection: Omit<ServerConnectionOptions, 'onClosed'>;
  /** What HTTP/2 needs beyond that. */
  readonly http2?: Pick<
    Http2ServerConnectionOptions,
    'limits' | 'streamIdleTimeoutMs' | 'drainTimeoutMs' | 'maxRequests'
  >;
  /** Somebody to answer the requests of one connection, or of the streams that one stream object carries. */
  accept(stream: DownstreamStream, connection: AcceptedConnection): RequestReceiver;
}

/** `either`: the first bytes tell. */
export type HttpVersionChoice = 'http1' | 'http2' | 'either';

/** Takes a connection that has just come and speaks HTTP: the version is agreed on by TLS, or told by the first bytes. */
export function serveNewHttp(connection: NewConnection, options: HttpCodecOptions): void {
  const { alpnProtocol, transport } = connection;
  const version = alpnProtocol === ALPN_HTTP2 ? 'http2' : 'http1';
  serveHttp(connection, transport, options, alpnProtocol === '' ? 'either' : version, null);
  transport.startReading();
}

/** Gives a connection to the codec of its version. `first` was read from it already. */
export function serveHttp(
  connection: AcceptedConnection,
  transport: Transport,
  options: HttpCodecOptions,
  version: HttpVersionChoice,
  first: Buffer | null,
): void {
  transport.allowHalfOpen(false);
  const handler =
    version === 'either' ? choice(connection, transport, options) : codec(connection, transport, options, version);
  if (first !== null && first.length > 0) handler.onBytes(first, first.length, true);
}

function choice(connection: AcceptedConnection, transport: Transport, options: HttpCodecOptions): TransportHandler {
  const { clock, headerTimeoutMs = 60_000, idleTimeoutMs = 3_600_000 } = options.connection;
  const { served } = connection;
  const chosen = new CodecChoice(transport, {
    clock,
    headerTimeoutMs,
    idleTimeoutMs,
    choose: (version) => codec(connection, transport, options, version),
    onClosed: (closed) => served.delete(closed),
  });
  served.add(chosen);
  return chosen;
}

function codec(
  connection: AcceptedConnection,
  transport: Transport,
  options: HttpCodecOptions,
  version: 'http1' | 'http2',
): TransportHandler {
  const made = version === 'http1' ? http1(connection, transport, options) : http2(connection, transport, options);
  connection.served.add(made);
  return made;
}

function http1(connection: AcceptedConnection, transport: Transport, options: HttpCodecOptions): ServerConnection {
  const { served } = connection;
  const made = new ServerConnection(transport, { ...options.connection, onClosed: (closed) => served.delete(closed) });
  made.setReceiver(options.accept(made, connection));
  return made;
}

function http2(connection: AcceptedConnection, transport: Transport, options: HttpCodecOptions): Http2ServerConnection {
  const { served } = connection;
  const { limits, ...common } = options.connection;
  const fieldLimits = common.trust === 'sidecar' ? withRoomForSidecar(limits ?? defaultHeadLimits) : limits;
  return new Http2ServerConnection(transport, {
    ...common,
    ...options.http2,
    ...(fieldLimits === undefined ? {} : { fieldLimits }),
    accept: (stream) => options.accept(stream, connection),
    onClosed: (closed) => served.delete(closed),
  });
}
