import { isIP } from 'node:net';
import { z } from 'zod';
import { workloadProtocols } from './app-protocol.ts';
import { boundedText } from './bounded-text.ts';
import { crossCheck } from './cross-check.ts';
import { labelNameSchema, namespacedMetadata, portNumberSchema, subdomainSchema } from './metadata.ts';
import { addressFault } from './reachable-address.ts';
import { reportRepeatedNames } from './repeated-names.ts';

const ipAddressSchema = boundedText('an IP address', 64).check(({ value, issues }) => {
  const message = isIP(value) === 0 ? 'write an IP address such as 10.0.0.7 or fd00::7' : addressFault(value);
  if (message !== null) issues.push({ code: 'custom', path: [], message, input: value });
});

/** The sum over all instances of a zone has to fit into 32 bits (Envoy). */
const maxWeight = 1000;
const weightHint = `write a whole number from 1 to ${maxWeight}`;

const workloadPortSchema = z
  .object({
    /** For a Service whose `targetPort` is a name. */
    name: labelNameSchema.optional(),
    /** What the application listens on. */
    port: portNumberSchema,
    /** Where a sidecar takes mesh traffic for this port; `spec.address` when left out. */
    inboundAddress: ipAddressSchema.optional(),
    /** The port of that sidecar's inbound listener. A port that has one is meshed: it is never dialled without mTLS. */
    inboundPort: portNumberSchema.optional(),
    /** Absent: HTTP in the version that a caller speaks, other bytes as they are, unless the port is a well-known one. */
    appProtocol: z.enum(workloadProtocols).optional(),
  })
  .check(
    crossCheck(['inboundAddress', 'inboundPort'], ({ inboundAddress, inboundPort }, report) => {
      if (inboundAddress !== undefined && inboundPort === undefined) {
        report(['inboundAddress'], 'inboundAddress needs inboundPort beside it');
      }
    }),
  );

/**
 * One running instance. Sidecars register theirs and hold it with a lease; a document describes an instance that has no
 * sidecar of its own, or one that is started and stopped by somebody else.
 *
 * Labels stand in the metadata. `app` is the service; `version` makes the instance part of `<service>-<version>`.
 */
export const workloadSchema = z.object({
  apiVersion: z.literal('heddle.dev/v1alpha1'),
  kind: z.literal('Workload'),
  metadata: namespacedMetadata(subdomainSchema),
  spec: z.object({
    /** IP address; names are not resolved, so that an answer from DNS can never redirect mesh traffic. */
    address: ipAddressSchema,
    ports: z
      .array(workloadPortSchema)
      .min(1, 'a Workload has at least one port')
      .max(100, 'a Workload has at most 100 ports')
      .check(({ value, issues }) => {
        reportRepeatedNames(
          value.map(({ port }) => String(port)),
          (index, port) => {
            const message = `port ${port} is listed twice`;
            issues.push({ code: 'custom', path: [index, 'port'], message, input: port });
          },
        );
      }),
    /** The service it belongs to; the label `app` when left out. */
    service: labelNameSchema.optional(),
    /** Expected identity is `sa/<serviceAccount>`; the service when left out. */
    serviceAccount: labelNameSchema.optional(),
    /**
     * Its share of the requests beside the other instances, where the balancer heeds weights: one of 2 gets twice what one of 1
     * gets. Default 1. Istio `WorkloadEntry.weight`, Envoy `LbEndpoint.load_balancing_weight`.
     */
    weight: z.number({ error: weightHint }).int(weightHint).min(1, weightHint).max(maxWeight, weightHint).optional(),
    locality: z
      .object({ region: boundedText('a locality', 63).default(''), zone: boundedText('a locality', 63).default('') })
      .optional(),
  }),
  /** Written by the server for registered workloads: identity, version of the sidecar, since when. */
  status: z.unknown().optional(),
});

export type Workload = z.output<typeof workloadSchema>;

/** The service a workload belongs to: `spec.service`, else its label `app`; `null` for neither. */
export function workloadService(workload: Workload): string | null {
  return workload.spec.service ?? workload.metadata.labels?.app ?? null;
}
