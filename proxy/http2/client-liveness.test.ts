import { describe, expect, it } from 'vitest';
import { defaultKeepAlive } from './peer-liveness.ts';
import { ScriptedClient, wholeAnswer } from './testing/scripted-client.ts';
import { goaway, ping } from './testing/wire.ts';

/** Seconds go by, each with its sweep. */
function pass(client: ScriptedClient, seconds: number): void {
  for (let i = 0; i < seconds; i++) {
    client.clock.nowMs += 1000;
    client.connection.sweep(client.clock.nowMs);
  }
}

const pings = async (client: ScriptedClient) => (await client.said()).filter((frame) => frame.startsWith('PING'));
const ACK = 1;

describe('Http2ClientConnection and a server that is silent', () => {
  it('takes no new stream after one was given up in vain, until something comes', async () => {
    const client = await new ScriptedClient().start();
    const [given, kept] = [client.ask(), client.ask()];
    pass(client, 2);
    given.stream.abort();
    expect(await pings(client)).toHaveLength(1);
    expect(client.connection.hasRoom).toBe(false);
    pass(client, 100);
    expect(await pings(client)).toEqual([]); // one question is enough
    expect(client.log).toEqual(['ready']); // the other request may wait as long as it likes
    client.send(ping('heddle/1', ACK));
    expect(client.connection.hasRoom).toBe(true);
    client.send(wholeAnswer(3));
    expect(kept.events).toEqual(['response 204.']);
  });

  it('is closed once nothing is left on it', async () => {
    const client = await new ScriptedClient().start();
    const exchange = client.ask();
    pass(client, 2);
    exchange.stream.abort();
    expect(client.log).toEqual(['ready']);
    pass(client, 1);
    expect([client.log, client.transport.ending]).toEqual([['ready', 'closed'], 'destroyed']);
  });

  it('is not suspected when the client had no patience, or when anything has come', async () => {
    const client = await new ScriptedClient().start();
    client.ask().stream.abort();
    const [given] = [client.ask(), client.ask()];
    pass(client, 5);
    client.send(wholeAnswer(5));
    given.stream.abort();
    expect(client.connection.hasRoom).toBe(true);
    expect(await pings(client)).toEqual([]);
  });

  it('is asked after 15 s where it is to be, and lost 5 s later', async () => {
    const client = await new ScriptedClient({}, defaultKeepAlive).start();
    const exchange = client.ask();
    pass(client, 15);
    expect(await pings(client)).toEqual([]);
    pass(client, 1);
    expect(await pings(client)).toHaveLength(1);
    expect(client.connection.hasRoom).toBe(true);
    pass(client, 5);
    expect(exchange.events).toEqual([]);
    pass(client, 1);
    expect(exchange.events).toEqual(['failure upstreamReset']);
    expect([client.log, client.transport.ending]).toEqual([['ready', 'closed'], 'destroyed']);
  });

  it('is asked once when it has said goodbye and a request is left, and lost 20 s later', async () => {
    const client = await new ScriptedClient().start();
    const exchange = client.ask();
    pass(client, 100);
    expect(await pings(client)).toEqual([]);
    client.send(goaway(1));
    pass(client, 16);
    expect(await pings(client)).toHaveLength(1);
    pass(client, 20);
    expect(exchange.events).toEqual([]);
    pass(client, 1);
    expect(exchange.events).toEqual(['failure upstreamReset']);
    expect([client.log, client.transport.ending]).toEqual([['ready', 'closed'], 'destroyed']);
  });

  it('may take as long as it likes over its last answer when it has said that it is there', async () => {
    const client = await new ScriptedClient().start();
    const exchange = client.ask();
    client.send(goaway(1), goaway(1));
    pass(client, 16);
    expect(await pings(client)).toHaveLength(1);
    client.send(ping('heddle/1', ACK));
    pass(client, 300);
    expect(await pings(client)).toEqual([]);
    client.send(wholeAnswer(1));
    expect(exchange.events).toEqual(['response 204.']);
    expect(client.log).toEqual(['ready', 'closed']);
  });

  it('lives on with every sign of life, idle or not', async () => {
    const client = await new ScriptedClient({}, defaultKeepAlive).start();
    for (let i = 0; i < 5; i++) {
      pass(client, 16);
      expect(await pings(client)).toHaveLength(1);
      client.send(ping('heddle/1', ACK));
    }
    expect(client.log).toEqual(['ready']);
  });
});
