import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ApiCallError } from '../control-plane/api/client.ts';
import { CliError, describeFailure } from './cli-error.ts';

describe('describeFailure', () => {
  it('ends every failure with what to try', () => {
    for (const error of [new CliError('no such route', 'heddle get httproute'), new Error('bug'), 'a string', null]) {
      expect(describeFailure(error, false).lines.at(-1)).toMatch(/^Try: /);
    }
  });

  it('never lets what others wrote write to the terminal', () => {
    const { lines } = describeFailure(new CliError('rejected by web-1: \u001b[2J', 'again'), false);
    expect(lines).toEqual(['error: rejected by web-1:  [2J', 'Try: again']);
  });

  it('keeps the exit code of a CliError, and has 1 for a bug', () => {
    expect(describeFailure(new CliError('late', 'again', 4), false).exitCode).toBe(4);
    expect(describeFailure(new TypeError('x is not a function'), false).exitCode).toBe(1);
  });

  it('names the file that is missing, exit code 2', async () => {
    const error = await readFile('/nowhere/shop.yaml').catch((cause: unknown) => cause);
    expect(describeFailure(error, false)).toMatchObject({
      lines: ['error: /nowhere/shop.yaml does not exist', expect.any(String)],
      exitCode: 2,
    });
  });

  it('names the port that is in use, exit code 2', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    const [error] = await once(createServer().listen(port, '127.0.0.1'), 'error').catch((cause) => [cause]);
    expect(describeFailure(error, false).lines[0]).toBe(`error: 127.0.0.1:${port} is in use by another process`);
    expect(describeFailure(error, false).exitCode).toBe(2);
    holder.close();
  });

  it('passes on the hint of the API client, and has exit code 3 for what is not there', () => {
    const status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      reason: 'NotFound',
      code: 404,
    } as const;
    const missing = { message: 'no such route', hint: 'heddle get routes', status };
    expect(describeFailure(new ApiCallError(missing), false)).toEqual({
      lines: ['error: no such route', `Try: ${missing.hint}`],
      exitCode: 3,
    });
    expect(
      describeFailure(new ApiCallError({ message: 'no control plane', hint: 'heddle demo', status: null }), false)
        .exitCode,
    ).toBe(1);
  });

  it('shows a stack trace only when asked', () => {
    const error = new Error('bug');
    expect(describeFailure(error, false).lines).toHaveLength(2);
    expect(describeFailure(error, true).lines[0]).toContain('cli-error.test.ts');
  });
});
