import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../../../cli/demo/free-ports.ts';
import type { Peer } from '../peer.ts';
import { findProgram } from '../program.ts';
import { upstreamPort } from '../upstream.ts';

/** nghttpx with one worker: HTTP/2 in plaintext on both sides. */
export const nghttpx: Peer = {
  name: 'nghttpx',
  remark: null,
  warmsUp: false,
  missing: () => (findProgram('nghttpx') === null ? 'nghttpx is not installed' : null),
  async start(stage, upstream) {
    const [port] = (await freePorts(1)) as [number];
    const file = join(stage.folder, 'nghttpx.conf');
    const target = upstreamPort(upstream, 'http2');
    const backends = upstream.addresses.map((address) => `backend=${address},${target};;proto=h2\n`).join('');
    const settings = [
      `frontend=127.0.0.1,${port};no-tls`,
      'workers=1',
      'single-process=yes',
      'accesslog-file=/dev/null',
      'errorlog-file=/dev/stderr',
    ];
    writeFileSync(file, `${settings.join('\n')}\n${backends}`);
    const running = stage.start('proxy', 'nghttpx', ['--conf', file]);
    return { port, clientTls: null, hops: [running.pid], meshPort: null, collectSignal: null };
  },
};
