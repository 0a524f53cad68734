import type { BackendTrafficPolicy } from '../../model/backend-traffic-policy.ts';
import type { EffectiveTrafficPolicy } from '../../model/effective-traffic-policy.ts';
import type { Mesh } from '../../model/mesh.ts';
import type { BackendPort, PolicyConflict } from '../../model/resolve-traffic-policy.ts';
import { resolveTrafficPolicy, trafficPolicyLayers } from '../../model/resolve-traffic-policy.ts';
import type { PolicyField } from '../../model/traffic-policy/policy-fields.ts';
import { policyFields } from '../../model/traffic-policy/policy-fields.ts';
import type { Service, ServicePort } from '../services/service-catalog.ts';

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

  /** The policy field by field, and which document says it. */
  fieldsFor(service: Service, port: ServicePort): readonly PolicyField<BackendTrafficPolicy | Mesh>[] {
    return policyFields(trafficPolicyLayers(backendOf(service, port), this.attachedTo(service), this.#mesh).layers);
  }

  /** Every policy with that service among its targets, whatever it decides. */
  attachedTo({ kind, namespace, name }: Service): readonly BackendTrafficPolicy[] {
    return this.#byService.get(`${kind}/${namespace}/${name}`) ?? [];
  }

  #resolve(service: Service, port: ServicePort): ReturnType<typeof resolveTrafficPolicy> {
    return resolveTrafficPolicy(backendOf(service, port), this.attachedTo(service), this.#mesh);
  }
}

function backendOf({ kind, namespace, name }: Service, port: ServicePort): BackendPort {
  return { kind, namespace, service: name, portName: port.name || null };
}
