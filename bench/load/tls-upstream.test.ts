import { once } from 'node:events';
import { connect } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { freePorts } from '../../cli/demo/free-ports.ts';
import { hasProgram } from '../../examples/testing/programs.ts';
import { Stage } from './stage.ts';
import { startTlsUpstream } from './tls-upstream.ts';
import { upstreamBody } from './upstream.ts';

describe.skipIf(!hasProgram('nginx'))('startTlsUpstream', () => {
  let stage: Stage;
  afterEach(() => stage.close());

  it('answers whoever asks over TLS, with a certificate of that root and that name', async () => {
    stage = new Stage(null);
    const addresses = ['127.0.0.1', '127.0.0.2'];
    const [free = 0] = await freePorts(1);
    const { port, serverName, uri, rootPem } = await startTlsUpstream(stage, addresses, free);
    for (const host of addresses) {
      const checkServerIdentity = () => undefined; // the name is looked at below
      const socket = connect({ host, port, servername: serverName, ca: rootPem, checkServerIdentity });
      let answer = '';
      socket.setEncoding('latin1').on('data', (text: string) => {
        answer += text;
      });
      await once(socket, 'secureConnect');
      expect(socket.getPeerCertificate().subjectaltname).toBe(`URI:${uri}`);
      socket.write('GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n');
      await once(socket, 'close');
      expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(answer.endsWith(upstreamBody)).toBe(true);
    }
  });
});
