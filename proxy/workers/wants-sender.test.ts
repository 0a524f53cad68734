import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ROUTE_CONFIGURATION_TYPE_URL } from '../../proto/type-urls.ts';
import type { FromWorker } from './messages.ts';
import { WantsSender } from './wants-sender.ts';

const routes = (name: string) => ({ typeUrl: ROUTE_CONFIGURATION_TYPE_URL, name });

describe('WantsSender', () => {
  it('tells what changes in one turn together, and of a name its newest state', async () => {
    const sent: FromWorker[] = [];
    const wants = new WantsSender((message) => sent.push(message));
    wants.want(routes('a'));
    wants.want(routes('b'));
    wants.release(routes('a'));
    await nextTurn();
    expect(sent).toEqual([{ kind: 'wants', wanted: [routes('b')], released: [routes('a')] }]);
  });

  it('tells nothing while the last message is unread, and then everything in one', async () => {
    const sent: FromWorker[] = [];
    const wants = new WantsSender((message) => sent.push(message));
    wants.want(routes('a'));
    await nextTurn();
    for (let i = 0; i < 1000; i++) {
      wants.want(routes(`name-${i % 10}`));
      await nextTurn();
    }
    expect(sent).toHaveLength(1);
    wants.taken();
    expect(sent[1]).toMatchObject({
      wanted: Array.from({ length: 10 }, (_value, i) => routes(`name-${i}`)),
      released: [],
    });
    wants.taken();
    expect(sent).toHaveLength(2);
  });
});
