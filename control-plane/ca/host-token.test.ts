import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateKeyPair } from '../../certs/key-pair.ts';
import { HostToken } from './host-token.ts';
import { JoinTokens } from './tokens.ts';

describe('HostToken', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'heddle-host-token-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('writes, for its owner only, a token for any service of this host', async () => {
    const key = generateKeyPair().privateKey;
    const address = () => '127.0.0.1:15012';
    const tokens = new JoinTokens({ key, trustDomain: 'cluster.local', rootFingerprintHex: '00', address });
    const hostToken = new HostToken(join(directory, 'host-token'), tokens, () => {});
    await hostToken.start();
    hostToken.close();
    expect((await stat(hostToken.path)).mode & 0o777).toBe(0o600);
    const verified = await tokens.verify((await readFile(hostToken.path, 'utf8')).trim());
    expect(verified).toMatchObject({ namespace: '*', service: '*', serviceAccount: '*', labels: { '*': '*' } });
  });
});
