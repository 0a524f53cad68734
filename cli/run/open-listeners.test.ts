import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { openListeners } from './open-listeners.ts';

const header = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const line = (address: string, state: string, inode: number) =>
  `   0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100\n`;

describe('openListeners', () => {
  it.each([
    ['0.0.0.0 is open', '00000000:1F90', ['0.0.0.0:8080']],
    ['an address of the host is open', '070200C0:1F90', ['192.0.2.7:8080']],
    ['[::] is open', '00000000000000000000000000000000:1F90', ['[::]:8080']],
    ['a global IPv6 address is open', 'B80D0120000000000000000001000000:0050', ['[2001:db8::1]:80']],
    ['127.0.0.1 is closed', '0100007F:1F90', []],
    ['127.8.8.8 is closed', '0808087F:1F90', []],
    ['[::1] is closed', '00000000000000000000000001000000:1F90', []],
    ['a mapped 127.0.0.1 is closed', '0000000000000000FFFF00000100007F:1F90', []],
  ])('%s', async (_sentence, address, expected) => {
    const proc = mkdtempSync(join(tmpdir(), 'heddle-proc-'));
    // Process 40 is the session's leader, 41 (with a name made to confuse) its child, 99 somebody else.
    for (const [pid, name, session] of [
      [40, 'sh', 40],
      [41, 'a) S 1 (b', 40],
      [99, 'sshd', 99],
    ] as const) {
      mkdirSync(join(proc, String(pid), 'fd'), { recursive: true });
      mkdirSync(join(proc, String(pid), 'net'));
      writeFileSync(join(proc, `${pid}/stat`), `${pid} (${name}) S 1 ${pid} ${session} 0 -1\n`);
      symlinkSync(`socket:[${1000 + pid}]`, join(proc, `${pid}/fd/3`));
      symlinkSync('/dev/null', join(proc, `${pid}/fd/0`));
    }
    const six = address.length > 13;
    const table =
      header +
      line(address, '0A', 1041) +
      line(address.replace(/:.*/, ':0001'), '01', 1041) +
      line('00000000:0016', '0A', 1099);
    writeFileSync(join(proc, '40/net/tcp'), six ? header : table);
    writeFileSync(join(proc, '40/net/tcp6'), six ? table : header);

    const found = await openListeners(40, proc);
    expect(found.map((listener) => `${listener.address}:${listener.port}`)).toEqual(expected);
    rmSync(proc, { recursive: true });
  });

  it.runIf(process.platform === 'linux')('sees what a real program listens on', async () => {
    const script = `
      const { createServer } = require('node:net');
      const open = createServer().listen(0, '0.0.0.0', () => {
        const closed = createServer().listen(0, '127.0.0.1', () => console.log(open.address().port));
      });`;
    const child = spawn(process.execPath, ['-e', script], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
    const [port] = await once(createInterface(child.stdout), 'line');
    expect(await openListeners(child.pid as number)).toEqual([{ address: '0.0.0.0', port: Number(port) }]);
    child.kill('SIGKILL');
    await once(child, 'exit');
  });

  it('is empty where there is no /proc', async () => {
    expect(await openListeners(1, '/nowhere')).toEqual([]);
  });
});
