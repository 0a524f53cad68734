import { availableParallelism } from 'node:os';
import { InvalidArgumentError } from 'commander';
import { workloadProtocols } from '../control-plane/model/app-protocol.ts';
import { nearestWord } from '../control-plane/model/nearest-word.ts';
import { alternatives } from '../control-plane/model/plain-words.ts';
import { isDnsLabel } from '../proto/names.ts';
import type { ApplicationPort } from '../proxy/config.ts';
import { parseDuration } from './terminal/units.ts';

/** Readers of flag values, for commander: each gives what was read, or says in one sentence what is expected. */

/** A DNS label (RFC 1123), which names of services, namespaces and workloads are. */
export function nameValue(text: string): string {
  if (!isDnsLabel(text)) {
    throw new InvalidArgumentError(
      'A name has lower-case letters, digits and "-", 63 at most, and begins and ends with no "-".',
    );
  }
  return text;
}

export function portValue(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new InvalidArgumentError('A port is a number from 1 to 65535.');
  return port;
}

/**
 * `8080`, or with what the program speaks there `6379/tcp`. For a flag that may be repeated, or given once with commas
 * between.
 */
export function applicationPortValues(text: string, before: readonly ApplicationPort[] = []): ApplicationPort[] {
  const ports = [...before, ...text.split(',').map(applicationPort)];
  if (new Set(ports.map(({ port }) => port)).size < ports.length) {
    throw new InvalidArgumentError('The same port twice.');
  }
  return ports;
}

function applicationPort(text: string): ApplicationPort {
  const [port = '', ...words] = text.split('/');
  if (words.length === 0) return { port: portValue(port), protocol: 'auto' };
  const word = words.join('/');
  const protocol = workloadProtocols.find((candidate) => candidate === word);
  if (protocol === undefined) {
    const meant = nearestWord(word, workloadProtocols);
    const hint = meant === null ? '' : ` Did you mean ${port}/${meant}?`;
    throw new InvalidArgumentError(`What a port carries is ${alternatives(workloadProtocols)}.${hint}`);
  }
  return { port: portValue(port), protocol };
}

/** `cart=9001`: a service, and the local port that means it. */
export function upstreamValues(text: string, before: ReadonlyMap<string, number> = new Map()): Map<string, number> {
  const upstreams = new Map(before);
  for (const pair of text.split(',')) {
    const [service = '', port = '', ...more] = pair.split('=');
    if (port === '' || more.length > 0)
      throw new InvalidArgumentError('Write <service>=<local port>, such as cart=9001.');
    if (upstreams.has(nameOfService(service))) throw new InvalidArgumentError(`${service} twice.`);
    if ([...upstreams.values()].includes(portValue(port))) throw new InvalidArgumentError(`Port ${port} twice.`);
    upstreams.set(service, portValue(port));
  }
  return upstreams;
}

/** `cart`, `cart.shop`, `cart.shop.svc.cluster.local`, each with `:8080` when it is not the service's port 80. */
function nameOfService(text: string): string {
  const [host = '', port, ...more] = text.split(':');
  const isName = host.length <= 253 && host.split('.').every(isDnsLabel);
  if (!isName || more.length > 0) {
    throw new InvalidArgumentError(`"${text}" is no name of a service, such as cart or cart.shop:8080.`);
  }
  if (port !== undefined) portValue(port);
  return text;
}

/** `tier=gold`, as Kubernetes takes labels. */
export function labelValues(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const labels = { ...before };
  for (const pair of text.split(',')) {
    const match =
      /^((?:[a-z0-9.-]{1,253}\/)?[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?)=((?:[A-Za-z0-9][\w.-]{0,62})?)$/.exec(pair);
    if (match === null) throw new InvalidArgumentError('Write <name>=<value>, such as tier=gold.');
    labels[match[1] as string] = match[2] ?? '';
  }
  return labels;
}

/** A header and the value that a request has to have in it. */
export interface HeaderValue {
  readonly name: string;
  readonly value: string;
}

/** `x-user=jason`, or as curl has it `x-user: jason`. For a flag that may be repeated: all of them must hold. */
export function headerValues(text: string, before: readonly HeaderValue[] = []): HeaderValue[] {
  const match = /^([A-Za-z0-9!#$%&'*+\-.^_`|~]{1,256})(?:=|: ?)([\x20-\x7e]{1,4096})$/.exec(text);
  if (match === null) throw new InvalidArgumentError('Write <name>=<value>, such as x-user=jason.');
  const [, name = '', value = ''] = match;
  if (before.some((other) => other.name.toLowerCase() === name.toLowerCase())) {
    throw new InvalidArgumentError(`${name} twice.`);
  }
  return [...before, { name, value }];
}

/** As `proxy/config.ts` has it, which checks it again. */
const maxConcurrency = 64;

/** Each use of the option adds one. */
export function repeatedValues(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

/** How many processes: 1 to 64; `auto` or 0 is one for each core that this process may use (Envoy `--concurrency`). */
export function concurrencyValue(text: string): number {
  if (text === 'auto' || text === '0') return Math.min(availableParallelism(), maxConcurrency);
  const number = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > maxConcurrency) {
    throw new InvalidArgumentError(`A number from 1 to ${maxConcurrency}, or auto.`);
  }
  return number;
}

/** Milliseconds of `500ms`, `10s`, `5m`, `1h`. */
export function durationValue(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new InvalidArgumentError(`${message.charAt(0).toUpperCase()}${message.slice(1)}.`);
  }
}

/** 0 to 100; `12.5` and `12.5%` are the same. */
export function percentValue(text: string): number {
  const match = /^(\d{1,3}(?:\.\d{1,4})?)%?$/.exec(text);
  const percent = match === null ? -1 : Number(match[1]);
  if (percent < 0 || percent > 100) throw new InvalidArgumentError('A share is 0 to 100 percent.');
  return percent;
}

export function statusValue(text: string): number {
  const status = /^\d{3}$/.test(text) ? Number(text) : 0;
  if (status < 200 || status > 599) throw new InvalidArgumentError('A status is 200 to 599.');
  return status;
}

export function grpcStatusValue(text: string): number {
  const status = /^\d{1,2}$/.test(text) ? Number(text) : 17;
  if (status > 16) throw new InvalidArgumentError('A gRPC status is 0 to 16; 14 is UNAVAILABLE.');
  return status;
}

/** Bytes of `64Mi`, `256MiB`, `1Gi`; at least 64 MiB, which is what a sidecar cannot do without. */
export function bytesValue(text: string): number {
  const match = /^([0-9]{1,6})(Mi|Gi)B?$/.exec(text);
  const bytes = match === null ? 0 : Number(match[1]) * (match[2] === 'Gi' ? 2 ** 30 : 2 ** 20);
  if (bytes < 2 ** 26) throw new InvalidArgumentError('A size is written 256Mi or 1Gi, and is at least 64Mi.');
  return bytes;
}

/** KiB a second of `10KiB`, `1Mi` or `10KiB/s`. */
export function throughputValue(text: string): number {
  const match = /^([0-9]{1,6})(Ki|Mi|Gi)B?(?:\/s)?$/.exec(text);
  const kib =
    match === null ? 0 : Number(match[1]) * { Ki: 1, Mi: 2 ** 10, Gi: 2 ** 20 }[match[2] as 'Ki' | 'Mi' | 'Gi'];
  if (kib < 1 || kib > 2 ** 32) throw new InvalidArgumentError('A throughput is written 10KiB or 1MiB, of a second.');
  return kib;
}

/** A stretch of the past in whole seconds; the control plane keeps an hour, in steps of five seconds. */
export function windowValue(text: string): number {
  const seconds = Math.round(durationValue(text) / 1000);
  if (seconds < 5 || seconds > 3600) throw new InvalidArgumentError('From 5s to 1h.');
  return seconds;
}
