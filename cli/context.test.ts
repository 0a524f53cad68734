import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contextFilePath, resolveConnection } from './context.ts';

const file = `
currentContext: local
contexts:
  - name: local
    api: http://127.0.0.1:15080
    token: admin-of-local
    hostToken: /state/host-token
  - name: staging
    api: https://staging.example:15080/
    token: admin-of-staging
`;
let folder: string;
const environment = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({ XDG_CONFIG_HOME: folder, ...more });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'heddle-context-'));
  mkdirSync(join(folder, 'heddle'));
  writeFileSync(contextFilePath(environment()), file);
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('resolveConnection', () => {
  it('takes the current context', async () => {
    expect(await resolveConnection({}, environment())).toEqual({
      api: 'http://127.0.0.1:15080',
      token: 'admin-of-local',
      hostToken: '/state/host-token',
    });
  });

  it.each([
    ['the option', { context: 'staging' }, {}],
    ['HEDDLE_CONTEXT', {}, { HEDDLE_CONTEXT: 'staging' }],
    ['the option before HEDDLE_CONTEXT', { context: 'staging' }, { HEDDLE_CONTEXT: 'local' }],
  ])('lets %s choose another', async (_name, options, more) => {
    expect(await resolveConnection(options, environment(more))).toEqual({
      api: 'https://staging.example:15080',
      token: 'admin-of-staging',
      hostToken: null,
    });
  });

  it('lets HEDDLE_TOKEN replace the token', async () => {
    expect(await resolveConnection({}, environment({ HEDDLE_TOKEN: 'mine' }))).toMatchObject({ token: 'mine' });
  });

  it('never sends a token of the file to an API that it does not belong to', async () => {
    const connection = await resolveConnection({ api: 'http://elsewhere:1' }, environment());
    expect(connection).toEqual({ api: 'http://elsewhere:1', token: null, hostToken: null });
    expect(await resolveConnection({}, environment({ HEDDLE_API: 'http://127.0.0.1:15080/' }))).toMatchObject({
      token: 'admin-of-local',
    });
  });

  it('needs no file when HEDDLE_API and HEDDLE_TOKEN are there', async () => {
    const bare = { XDG_CONFIG_HOME: '/nowhere', HEDDLE_API: 'http://cp:15080', HEDDLE_TOKEN: 't' };
    expect(await resolveConnection({}, bare)).toEqual({ api: 'http://cp:15080', token: 't', hostToken: null });
  });

  it.each([
    ['no control plane is known', {}, { XDG_CONFIG_HOME: '/nowhere' }, 1],
    ['has no context prod; it has: local, staging', { context: 'prod' }, {}, 2],
    ['is no URL of an API', { api: 'localhost:15080' }, {}, 2],
  ])('says that %s', async (message, options, more, exitCode) => {
    await expect(resolveConnection(options, environment(more))).rejects.toMatchObject({
      message: expect.stringContaining(message),
      exitCode,
    });
  });

  it.each(['contexts: 7', 'contexts: [{ name: local }]', '"'])('says what is wrong with the file %j', async (text) => {
    writeFileSync(contextFilePath(environment()), text);
    await expect(resolveConnection({}, environment())).rejects.toThrow('cannot be used');
  });
});
