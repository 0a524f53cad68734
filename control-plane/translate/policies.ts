import type { BackendTrafficPolicy } from '../model/backend-traffic-policy.ts';
import type { EffectiveTrafficPolicy } from '../model/effective-traffic-policy.ts';
import type { Mesh } from '../model/mesh.ts';
import type { PolicyConflict } from '../model/resolve-traffic-policy.ts';
import { resolveTrafficPolicy } from '../model/resolve-traffic-policy.ts';
import type { Service, ServicePort } from './service-catalog.ts';

/** Which policies hold for which services. A version of a service has the policies of the service. */
export class PolicyAttachments {
  readonly #byService = new Map<string, BackendTrafficPolicy[]>();
  readonly #mesh: Mesh | null;

  constructor(policies: readonly BackendTrafficPolicy[], mesh: Mesh | null) {
    this.#mesh = mesh;
    for (const policy of policies) {
      const { namespace } = policy.metadata;
      for (const key of new Set(policy.spec.targetRefs.map(({ kind, name }) => `${kind}/${namespace}/${name}`))) {
        const attached = this.#byService.get(key) ?? [];
        attached.push(policy);
        this.#byService.set(key, attached);
      }
    }
  }

  policyFor(service: Service, port: ServicePort): EffectiveTrafficPolicy {
    return this.#resolve(service, port).policy;
  }

  /** Where policies for the service contradict each other; a conflict may come up once for each port. */
  conflictsAt(service: Service): readonly PolicyConflict[] {
    return service.ports.flatMap((port) => this.#resolve(service, port).conflicts);
  }

  #resolve({ kind, namespace, name }: Service, port: ServicePort): ReturnType<typeof resolveTrafficPolicy> {
    const attached = this.#byService.get(`${kind}/${namespace}/${name}`) ?? [];
    return resolveTrafficPolicy({ kind, namespace, service: name, portName: port.name || null }, attached, this.#mesh);
  }
}
