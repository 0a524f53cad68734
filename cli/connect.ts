import type { ApiClient } from '../control-plane/api/client.ts';
import type { ConnectionOptions } from './context.ts';
import { resolveConnection } from './context.ts';

/**
 * Lets `use` talk to the control plane that the options, the environment or the context file name. The client is loaded
 * here, on use: it is most of what such a command needs of its start-up time.
 */
export async function withClient<Result>(
  options: ConnectionOptions,
  use: (client: ApiClient) => Promise<Result>,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Result> {
  const { api, token } = await resolveConnection(options, environment);
  const { ApiClient } = await import('../control-plane/api/client.ts');
  const client = new ApiClient({ api, token });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}
