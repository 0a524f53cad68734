import type { ApiClient, DescribedService } from '../../control-plane/api/client.ts';
import { kinds, namespaceOf } from '../../control-plane/model/kinds.ts';
import { CliError, exitCodes } from '../cli-error.ts';

/** The part of the API that tells what services there are. */
export type ServicesOf = Pick<ApiClient, 'service' | 'stat'>;

/** The same command for another service, as it would be typed. */
export type CommandFor = (service: string, namespace: string) => string;

/** `-n shop`, where it has to be typed. */
export function namespaceFlag(namespace: string): string {
  return namespace === 'default' ? '' : ` -n ${namespace}`;
}

/**
 * The service as callers in namespace `from` have it.
 *
 * Documents may come before what they name, so the control plane takes them with a warning. A command that names what is not
 * there is a slip of the hand: it must not end with a tick.
 *
 * @throws CliError with the command for the service that was probably meant
 */
export async function knownService(
  client: ServicesOf,
  name: string,
  { namespace, from = namespace }: { readonly namespace: string; readonly from?: string | undefined },
  commandFor: CommandFor,
): Promise<DescribedService> {
  try {
    return await client.service(namespace, name, from);
  } catch (error) {
    const { message, reason } = Object(error) as { message?: string; reason?: string };
    if (reason !== 'NotFound' || message === undefined) throw error;
    throw new CliError(message, await hintFor(client, name, namespace, commandFor), exitCodes.nothingFound);
  }
}

/**
 * The service of this mesh that a command is to change something of.
 *
 * @throws CliError also for what is outside the mesh, which documents alone can name
 */
export async function serviceToChange(
  client: ServicesOf,
  name: string,
  namespace: string,
  commandFor: CommandFor,
): Promise<DescribedService> {
  const service = await knownService(client, name, { namespace }, commandFor);
  if (service.source?.document.startsWith('ExternalService/')) {
    throw new CliError(
      `${name} is outside the mesh: this command writes documents about services inside it`,
      `heddle apply -f, with targetRefs (of a route parentRefs): [{ group: heddle.dev, kind: ExternalService, name: ${name} }]`,
    );
  }
  return service;
}

/** @throws CliError where a version that is to get requests is none of the service, which then would fail */
export async function requireVersions(
  client: ServicesOf,
  { name, namespace, versions }: Pick<DescribedService, 'name' | 'namespace' | 'versions'>,
  wanted: ReadonlyMap<string, number>,
): Promise<void> {
  const known = new Set(versions.map(({ version }) => version));
  for (const [version, weight] of wanted) {
    if (weight === 0 || known.has(version) || (await isDeclared(client, `${name}-${version}`, namespace))) continue;
    const there = [...known].filter((one) => one !== '');
    throw new CliError(
      `${name} has no version ${version}: its requests would fail`,
      there.length === 0
        ? `heddle describe ${name}${namespaceFlag(namespace)}`
        : `heddle route ${name} ${there.map((one) => `${one}=…`).join(' ')}${namespaceFlag(namespace)}`,
      exitCodes.nothingFound,
    );
  }
}

/** @throws CliError where the service has no such port */
export function requirePort({ name, ports }: Pick<DescribedService, 'name' | 'ports'>, wanted: number): void {
  if (ports.some(({ port }) => port === wanted)) return;
  const there = ports.map(({ port }) => port);
  throw new CliError(
    `${name} has no port ${wanted}; it has ${there.join(', ') || 'none'}`,
    `--port ${there[0] ?? 80}`,
    exitCodes.nothingFound,
  );
}

/** A Service document may stand for a version, beside the versions that workloads have. */
async function isDeclared(client: ServicesOf, name: string, namespace: string): Promise<boolean> {
  return (await describedOrNull(client, namespace, name)) !== null;
}

/** Null where there is no such service. */
export async function describedOrNull(
  client: Pick<ServicesOf, 'service'>,
  namespace: string,
  name: string,
): Promise<DescribedService | null> {
  try {
    return await client.service(namespace, name, namespace);
  } catch (error) {
    const { reason } = Object(error) as { reason?: string };
    if (reason === 'NotFound' || reason === 'BadRequest') return null;
    throw error;
  }
}

/** Whoever calls or is called: services that are running, are declared, or have been called in the last hour. */
export async function membersOf(
  client: Pick<ApiClient, 'list' | 'stat'>,
): Promise<readonly { readonly namespace: string; readonly name: string }[]> {
  const [workloads, services, external, called] = await Promise.all([
    client.list(kinds.Workload, null),
    client.list(kinds.Service, null),
    client.list(kinds.ExternalService, null),
    client.stat(3600),
  ]);
  const documents = [...workloads.items, ...services.items, ...external.items];
  return [
    ...documents.map((document) => ({
      namespace: namespaceOf(document) ?? '',
      name:
        document.kind === 'Workload'
          ? (document.spec.service ?? document.metadata.labels?.app ?? '')
          : document.metadata.name,
    })),
    ...called.map(({ namespace, service }) => ({ namespace, name: service })),
  ];
}

async function hintFor(client: ServicesOf, name: string, namespace: string, commandFor: CommandFor): Promise<string> {
  const { nearestWord } = await import('../../control-plane/model/nearest-word.ts');
  const running = await client.stat(60);
  const elsewhere = running.find(({ service }) => service === name);
  if (elsewhere !== undefined) return commandFor(name, elsewhere.namespace);
  const here = running.filter((row) => row.namespace === namespace).map(({ service }) => service);
  const versionOf = here.find((service) => name.startsWith(`${service}-`)) ?? null;
  const meant = versionOf ?? nearestWord(name, here);
  return meant === null ? 'heddle stat' : commandFor(meant, namespace);
}
