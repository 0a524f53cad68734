import { describe, expect, it } from 'vitest';
import { failures } from '../failure.ts';
import { ResponseHead } from '../message-head.ts';
import type { Transport } from '../transport/transport.ts';
import { ResponseWriter } from './response-writer.ts';

function interim(status: number, block: string): ResponseHead {
  return Object.assign(new ResponseHead(), { status, reason: 'Interim', block });
}

describe('ResponseWriter', () => {
  it('leaves interim answers out for a client that does not read, and never the one that it waits for', () => {
    const transport = {
      bufferedBytes: 0,
      writeText(text: string): boolean {
        this.bufferedBytes += text.length;
        return false;
      },
    };
    const writer = new ResponseWriter(transport as Transport);
    writer.begin(false);
    for (let i = 0; i < 100; i++) writer.writeInterim(interim(103, `x: ${'y'.repeat(50_000)}\r\n`));
    expect(transport.bufferedBytes).toBeGreaterThan(50_000);
    expect(transport.bufferedBytes).toBeLessThan(150_000);
    const before = transport.bufferedBytes;
    writer.writeInterim(interim(100, ''));
    expect(transport.bufferedBytes).toBeGreaterThan(before);
  });

  it.each(Object.entries(failures).filter(([, { status }]) => status !== 0))(
    'has a reason phrase for %s',
    (_, { status }) => {
      let written = '';
      const writeText = (text: string) => {
        written += text;
        return true;
      };
      const writer = new ResponseWriter({ writeText } as unknown as Transport);
      writer.begin(false);
      writer.writeLocalReply(status, '', '', 0);
      const [, phrase] = new RegExp(`^HTTP/1.1 ${status} (.+)\\r\\n`).exec(written) ?? [];
      expect(phrase).toMatch(/^(?!Unknown)[A-Z][A-Za-z -]+$/);
      if (status === 429) expect(phrase).toBe('Too Many Requests');
    },
  );
});
