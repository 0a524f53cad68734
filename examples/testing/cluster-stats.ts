import type { RunningProxy } from '../../proxy/main.ts';

/** One number that `/stats` of a caller's sidecar has for the cluster of a service of `default`. */
export async function statOf(proxy: RunningProxy, service: string, name: string): Promise<number> {
  const page = await (await fetch(`http://${proxy.adminAddress}/stats`)).text();
  const line = page.split('\n').find((text) => text.includes(`||${service}.default.svc.cluster.local.${name}: `));
  return Number(line?.slice(line.lastIndexOf(' ')) ?? Number.NaN);
}

/** What a sidecar thinks of the instances of a service: `health_flags` by workload. */
export async function flagsOf(proxy: RunningProxy, service: string): Promise<Readonly<Record<string, string>>> {
  const page = await (await fetch(`http://${proxy.adminAddress}/clusters`)).text();
  const names = new Map<string, string>();
  const flags: Record<string, string> = {};
  for (const line of page.split('\n')) {
    const [cluster = '', endpoint = '', stat = '', value = ''] = line.split('::');
    if (!cluster.endsWith(`||${service}.default.svc.cluster.local`)) continue;
    if (stat === 'hostname') names.set(endpoint, value);
    if (stat === 'health_flags') flags[names.get(endpoint) ?? endpoint] = value;
  }
  return flags;
}
