import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { FromWorker } from './messages.ts';
import { WantsSender } from './wants-sender.ts';

describe('WantsSender', () => {
  it('tells what changes in one turn together, and of a name its newest state', async () => {
    const sent: FromWorker[] = [];
    const wants = new WantsSender((message) => sent.push(message));
    wants.want('a');
    wants.want('b');
    wants.release('a');
    await nextTurn();
    expect(sent).toEqual([{ kind: 'wants', wanted: ['b'], released: ['a'] }]);
  });

  it('tells nothing while the last message is unread, and then everything in one', async () => {
    const sent: FromWorker[] = [];
    const wants = new WantsSender((message) => sent.push(message));
    wants.want('a');
    await nextTurn();
    for (let i = 0; i < 1000; i++) {
      wants.want(`name-${i % 10}`);
      await nextTurn();
    }
    expect(sent).toHaveLength(1);
    wants.taken();
    expect(sent[1]).toMatchObject({ wanted: Array.from({ length: 10 }, (_value, i) => `name-${i}`), released: [] });
    wants.taken();
    expect(sent).toHaveLength(2);
  });
});
