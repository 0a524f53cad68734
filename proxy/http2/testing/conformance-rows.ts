import { expect, it } from 'vitest';
import { ScriptedServer } from './scripted-server.ts';
import type { errorCodes } from './wire.ts';

export type Code = (typeof errorCodes)[number];

/** What must happen. `says` leaves out what every connection says anyway: SETTINGS, and the ACK of the client's. */
export type Outcome =
  | { readonly kind: 'connection'; readonly code: Code; readonly events?: readonly string[] }
  | { readonly kind: 'stream'; readonly id: number; readonly code: Code; readonly events?: readonly string[] }
  | { readonly kind: 'fine'; readonly says: readonly string[]; readonly events?: readonly string[] };

/** The connection ends with GOAWAY and this code. */
export const connection = (code: Code, events?: readonly string[]): Outcome => ({
  kind: 'connection',
  code,
  ...(events === undefined ? {} : { events }),
});

/** The stream ends with RST_STREAM and this code, and the connection goes on. */
export const stream = (id: number, code: Code, events?: readonly string[]): Outcome => ({
  kind: 'stream',
  id,
  code,
  ...(events === undefined ? {} : { events }),
});

/** Nothing is wrong: exactly this is said, and the connection goes on. */
export const fine = (says: readonly string[], events?: readonly string[]): Outcome => ({
  kind: 'fine',
  says,
  ...(events === undefined ? {} : { events }),
});

export type Row = readonly [section: string, title: string, sent: readonly Buffer[], outcome: Outcome];

/** One test for each row. The application behind the server answers 200 with two bytes when a request is complete. */
export function testRows(rows: readonly Row[]): void {
  it.each(rows.map(([section, title, sent, outcome]) => [`${section} ${title}`, sent, outcome] as const))(
    '%s',
    async (_name, sent, outcome) => {
      for (const split of ['as they are', 'at once', 'byte by byte'] as const) {
        const server = new ScriptedServer();
        server.onWhole = (receiver) => receiver.answer(200, 'ok');
        await server.start();
        const all = Buffer.concat(sent);
        if (split === 'as they are') server.send(...sent);
        else if (split === 'at once') server.send(all);
        else for (let at = 0; at < all.length; at++) server.send(all.subarray(at, at + 1));
        await check(server, outcome);
      }
    },
  );
}

async function check(server: ScriptedServer, outcome: Outcome): Promise<void> {
  const said = (await server.said()).filter((line) => line !== 'SETTINGS ACK');
  if (outcome.kind === 'connection') {
    expect(said.at(-1)?.replace(/ \d+ /, ' ')).toBe(`GOAWAY ${outcome.code}`);
    server.pass(1000);
    expect(server.transport.ending).not.toBe('open');
  } else {
    if (outcome.kind === 'stream') expect(said).toContain(`RST_STREAM ${outcome.id} ${outcome.code}`);
    else expect(said).toEqual(outcome.says);
    expect(said.filter((line) => line.startsWith('GOAWAY'))).toEqual([]);
    expect(await server.isAlive()).toBe(true);
  }
  if (outcome.events !== undefined) expect(joinBodies(server.events)).toEqual(outcome.events);
}

/** Body bytes as one number, apart from their head: how they are cut depends on how they came. */
function joinBodies(events: readonly string[]): string[] {
  const joined: string[] = [];
  for (const event of events) {
    const whole = /^(request .*) \+(\d+)\.$/.exec(event);
    if (whole !== null) {
      joined.push(whole[1] ?? '', `body ${whole[2]}`, 'end');
      continue;
    }
    const last = joined.at(-1);
    if (event.startsWith('body ') && last?.startsWith('body ')) {
      joined[joined.length - 1] = `body ${Number(last.slice(5)) + Number(event.slice(5))}`;
    } else {
      joined.push(event);
    }
  }
  return joined;
}
