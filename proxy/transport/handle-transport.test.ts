import { describe, expect, it } from 'vitest';
import { handleSelfTest } from './handle-self-test.ts';
import { HandleTransport } from './handle-transport.ts';
import { describeTransport } from './transport.contract.ts';

describeTransport('HandleTransport', (socket) => new HandleTransport(socket));

describe('handleSelfTest', () => {
  it('finds that stream handles work on this Node', async () => {
    expect(await handleSelfTest()).toBe('works');
  });
});
