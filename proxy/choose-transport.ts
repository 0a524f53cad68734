import type { ProxyConfig } from './config.ts';
import type { Log } from './log.ts';
import { handleSelfTest } from './transport/handle-self-test.ts';
import { setTransportKind } from './transport/open-transport.ts';

/** Stream handles are faster and not public: they are used where they have just proved to work. */
export async function chooseTransport(config: Pick<ProxyConfig, 'transport'>, log: Log): Promise<void> {
  if (config.transport === 'socket') return;
  const result = await handleSelfTest();
  if (result === 'works') setTransportKind('handle');
  else log('warn', 'stream handles do not work here; public sockets are used', { reason: result.reason });
}
