/**
 * What the access log says of one request. The caller owns one and fills it for each request; empty strings and negative
 * numbers stand for what is not known and become null.
 */
export interface AccessLogEntry {
  /** Milliseconds since the epoch. */
  startTimeMs: number;
  method: string;
  path: string;
  protocol: string;
  /** 0: the connection ended before there was an answer. */
  responseCode: number;
  responseFlags: string;
  responseCodeDetails: string;
  upstreamTransportFailureReason: string;
  bytesReceived: number;
  bytesSent: number;
  durationMs: number;
  upstreamServiceTimeMs: number;
  xForwardedFor: string;
  userAgent: string;
  requestId: string;
  authority: string;
  upstreamHost: string;
  upstreamCluster: string;
  downstreamRemoteAddress: string;
  /** Server name of TLS that is only carried. */
  requestedServerName: string;
  routeName: string;
  /** From `traceparent`. */
  traceId: string;
  spanId: string;
  /** SPIFFE id of the other end, where it was verified. */
  peerIdentity: string;
  attempt: number;
  /** Why the mesh answered itself, in a few words. */
  reason: string;
}

export function newAccessLogEntry(): AccessLogEntry {
  return {
    startTimeMs: 0,
    method: '',
    path: '',
    protocol: '',
    responseCode: 0,
    responseFlags: '',
    responseCodeDetails: '',
    upstreamTransportFailureReason: '',
    bytesReceived: 0,
    bytesSent: 0,
    durationMs: 0,
    upstreamServiceTimeMs: 0,
    xForwardedFor: '',
    userAgent: '',
    requestId: '',
    authority: '',
    upstreamHost: '',
    upstreamCluster: '',
    downstreamRemoteAddress: '',
    requestedServerName: '',
    routeName: '',
    traceId: '',
    spanId: '',
    peerIdentity: '',
    attempt: 0,
    reason: '',
  };
}

/** Longest value written; what a stranger sent must not fill the disk. In characters. */
const maxValueLength = 4096;

/** A value that is mostly the same as on the line before, and is then not looked at again. */
class RepeatedText {
  #value = '';
  #json = 'null';

  json(value: string): string {
    if (value !== this.#value) {
      this.#json = value === '' ? 'null' : escaped(shortened(value));
      this.#value = value;
    }
    return this.#json;
  }
}

const method = new RepeatedText();
const userAgent = new RepeatedText();
const authority = new RepeatedText();
const upstreamHost = new RepeatedText();
const upstreamCluster = new RepeatedText();
const downstreamRemoteAddress = new RepeatedText();
const routeName = new RepeatedText();
const peerIdentity = new RepeatedText();

/**
 * Hot loop: bench/telemetry/access-log.ts.
 *
 * One JSON object and a line feed, with the keys of Istio's default access log. Only ASCII: bytes of a request that are
 * none become `\u00XX`, so characters are bytes, and no terminal or log shipper has to guess an encoding. Keys that a
 * sidecar of this version never knows are there as null, so that every line has the same keys.
 */
export function accessLogLine(entry: AccessLogEntry): string {
  // one literal: each piece more is a node more that has to be copied when the line is written
  return `{"start_time":"${isoTime(entry.startTimeMs)}","method":${method.json(entry.method)},"path":${text(
    entry.path,
  )}${answerText(entry)}"upstream_transport_failure_reason":${text(
    entry.upstreamTransportFailureReason,
  )},"bytes_received":${entry.bytesReceived},"bytes_sent":${entry.bytesSent},"duration":${number(
    entry.durationMs,
  )},"upstream_service_time":${number(entry.upstreamServiceTimeMs)},"x_forwarded_for":${text(
    entry.xForwardedFor,
  )},"user_agent":${userAgent.json(entry.userAgent)},"request_id":${text(entry.requestId)},"authority":${authority.json(
    entry.authority,
  )},"upstream_host":${upstreamHost.json(entry.upstreamHost)},"upstream_cluster":${upstreamCluster.json(
    entry.upstreamCluster,
  )},"upstream_local_address":null,"downstream_local_address":null,"downstream_remote_address":${downstreamRemoteAddress.json(
    entry.downstreamRemoteAddress,
  )},"requested_server_name":${text(entry.requestedServerName)},"route_name":${routeName.json(entry.routeName)},"trace_id":${text(
    entry.traceId,
  )},"span_id":${text(entry.spanId)},"peer_identity":${peerIdentity.json(entry.peerIdentity)},"attempt":${
    entry.attempt
  },"reason":${text(entry.reason)}}\n`;
}

let answer = '';
let answerCode = -1;
let answerFlags = '';
let answerDetails = '';
let answerProtocol = '';

/** How requests end: most end like the one before. Joined, so that it is one piece of text and not a tree of them. */
function answerText({ protocol, responseCode, responseFlags, responseCodeDetails }: AccessLogEntry): string {
  const isSame =
    responseCode === answerCode &&
    responseFlags === answerFlags &&
    responseCodeDetails === answerDetails &&
    protocol === answerProtocol;
  if (isSame) return answer;
  answerCode = responseCode;
  answerFlags = responseFlags;
  answerDetails = responseCodeDetails;
  answerProtocol = protocol;
  answer = [
    ',"protocol":',
    text(protocol),
    ',"response_code":',
    responseCode,
    ',"response_flags":',
    text(responseFlags),
    ',"response_code_details":',
    text(responseCodeDetails),
    ',"connection_termination_details":null,',
  ].join('');
  return answer;
}

function text(value: string): string {
  if (value === '') return 'null';
  const short = shortened(value);
  return needsEscape.test(short) ? escaped(short) : `"${short}"`;
}

function shortened(value: string): string {
  return value.length <= maxValueLength ? value : `${value.slice(0, maxValueLength)}...`;
}

const needsEscape = /[^\x20\x21\x23-\x5b\x5d-\x7e]/;

function escaped(value: string): string {
  return JSON.stringify(value).replace(/[^\x20-\x7e]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Whole milliseconds, as Istio writes durations. */
function number(value: number): string {
  return value < 0 ? 'null' : `${Math.round(value)}`;
}

let second = -1;
let secondText = '';

/** Requests of the same second share all but the last digits. */
function isoTime(epochMs: number): string {
  const thisSecond = Math.floor(epochMs / 1000);
  if (thisSecond !== second) {
    second = thisSecond;
    secondText = new Date(thisSecond * 1000).toISOString().slice(0, 20);
  }
  const ms = Math.floor(epochMs) - thisSecond * 1000;
  return `${secondText}${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}Z`;
}
