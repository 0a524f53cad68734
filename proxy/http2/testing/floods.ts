import { Buffer } from 'node:buffer';
import {
  block,
  continuation,
  data,
  END_STREAM,
  frame,
  headers,
  open,
  ping,
  priority,
  request,
  reset,
  settings,
  windowUpdate,
} from './wire.ts';

/** Frames that a client may send without end, and how many of them a connection must not survive. */
export type Flood = [name: string, most: number, next: (index: number) => Buffer, before?: Buffer];

export const floods: Flood[] = [
  ['rapid reset (CVE-2023-44487)', 1100, (i) => Buffer.concat([headers(2 * i + 1), reset(2 * i + 1)])],
  ['rapid reset of requests with bodies', 1100, (i) => Buffer.concat([open(2 * i + 1), reset(2 * i + 1)])],
  [
    'streams that we must reset (CVE-2025-8671): an empty WINDOW_UPDATE',
    1100,
    (i) => Buffer.concat([open(2 * i + 1), windowUpdate(2 * i + 1, 0)]),
  ],
  [
    'streams that we must reset: PRIORITY of a wrong size',
    1100,
    (i) => Buffer.concat([open(2 * i + 1), frame(2, 0, 2 * i + 1, '1')]),
  ],
  [
    'streams that we must reset: a malformed request',
    1100,
    (i) => headers(2 * i + 1, [['x-first', 'pseudo-header fields come first'], ...request]),
  ],
  [
    'streams that we must reset: DATA behind the end of the request',
    1100,
    (i) => Buffer.concat([headers(2 * i + 1), data(2 * i + 1, 'x')]),
  ],
  ['streams beyond the limit', 2200, (i) => open(2 * i + 1)],
  ['PING (CVE-2019-9512)', 1100, () => ping()],
  ['SETTINGS (CVE-2019-9515)', 1100, () => settings()],
  ['SETTINGS that change every window', 1100, (i) => settings([[4, 65_535 + (i % 2)]])],
  ['unknown frames', 1100, () => frame(0x42, 0, 0, 'x')],
  ['PRIORITY', 110, (i) => priority(2 * i + 1, 0)],
  ['WINDOW_UPDATE', 20, () => windowUpdate(0, 1)],
  ['WINDOW_UPDATE of streams that are over', 20, () => windowUpdate(1, 1), Buffer.concat([open(1), reset(1)])],
  ['empty DATA (CVE-2019-9518)', 2, () => data(1, ''), open(1)],
  ['DATA that is all padding', 2, () => data(1, Buffer.from([3, 0, 0, 0]), 8), open(1)],
  ['CONTINUATION (CVE-2024-27316)', 10, () => continuation(1, 'x', 0), frame(1, END_STREAM, 1, block(request))],
  ['empty CONTINUATION', 3, () => continuation(1, '', 0), frame(1, END_STREAM, 1, block(request))],
  [
    'a header block that grows',
    6,
    () => continuation(1, Buffer.alloc(16_000, 0x80), 0),
    frame(1, END_STREAM, 1, block(request)),
  ],
  [
    'a header list that unfolds (CVE-2026-47774): one long field named by its index',
    60,
    // 0xbe is the newest entry of the dynamic table
    (i) => frame(1, 5, 2 * i + 3, Buffer.concat([block(request), Buffer.alloc(12_000, 0xbe)])),
    frame(
      1,
      5,
      1,
      Buffer.concat([block(request), Buffer.from([0x40, 1, 0x61, 0x7f, 0x81, 0x1e]), Buffer.alloc(3968, 0x62)]),
    ),
  ],
];
