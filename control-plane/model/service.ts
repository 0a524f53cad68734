import { z } from 'zod';
import { boundedText } from './bounded-text.ts';
import { crossCheck } from './cross-check.ts';
import { labelNameSchema, labelsSchema, namespacedMetadata, portNumberSchema } from './metadata.ts';

/** One port that callers use, and the port of the workloads behind it. */
const servicePortSchema = z.object({
  /** Needed as soon as there is a second port; `sectionName` of a route's parent names it. */
  name: labelNameSchema.optional(),
  /** UDP and SCTP ports are kept and not served: the mesh carries TCP. */
  protocol: z.enum(['TCP', 'UDP', 'SCTP']).default('TCP'),
  /**
   * `http`, `kubernetes.io/h2c`, `grpc`, `tcp`, `redis` …; free text, as in Kubernetes. It counts before what workloads say
   * of the port and before the port's name.
   */
  appProtocol: boundedText('appProtocol', 253).optional(),
  port: portNumberSchema,
  /** Port number, or name of a port, of the workload; the same number as `port` when left out. */
  targetPort: z
    .union([portNumberSchema, labelNameSchema], { error: 'write a port number from 1 to 65535, or the name of a port' })
    .optional(),
  nodePort: z.number().int().optional(),
});

/**
 * A name that callers use for a set of workloads: Kubernetes' own core/v1 Service, unchanged.
 *
 * Heddle reads `ports`, `selector` and, where a Kubernetes cluster gives one, `clusterIP`; the remaining fields concern
 * Kubernetes' own networking and are kept as they are. The selector picks workloads of the same namespace by label; a
 * Service without a selector has no endpoints.
 */
export const serviceSchema = z.object({
  apiVersion: z.literal('v1'),
  kind: z.literal('Service'),
  metadata: namespacedMetadata(labelNameSchema),
  spec: z
    .object({
      ports: z.array(servicePortSchema).max(250, 'a Service has at most 250 ports').default([]),
      selector: labelsSchema.optional(),
      type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName']).default('ClusterIP'),
      clusterIP: boundedText('clusterIP', 64).optional(),
      clusterIPs: z.array(boundedText('clusterIP', 64)).max(2, 'at most 2 addresses').optional(),
      allocateLoadBalancerNodePorts: z.boolean().optional(),
      externalIPs: z.array(z.string()).optional(),
      externalName: z.string().optional(),
      externalTrafficPolicy: z.string().optional(),
      healthCheckNodePort: z.number().int().optional(),
      internalTrafficPolicy: z.string().optional(),
      ipFamilies: z.array(z.string()).optional(),
      ipFamilyPolicy: z.string().optional(),
      loadBalancerClass: z.string().optional(),
      loadBalancerIP: z.string().optional(),
      loadBalancerSourceRanges: z.array(z.string()).optional(),
      publishNotReadyAddresses: z.boolean().optional(),
      sessionAffinity: z.string().optional(),
      sessionAffinityConfig: z
        .object({ clientIP: z.object({ timeoutSeconds: z.number().int().optional() }).optional() })
        .optional(),
      trafficDistribution: z.string().optional(),
    })
    .check(
      crossCheck(['ports'], ({ ports }, report) => {
        for (const [index, port] of ports.entries()) {
          if (ports.length > 1 && port.name === undefined) {
            report(['ports', index], 'missing field name: a Service with several ports names each');
          }
          const earlier = ports.slice(0, index);
          if (port.name !== undefined && earlier.some(({ name }) => name === port.name)) {
            report(['ports', index, 'name'], `port name ${port.name} is used twice`);
          }
          if (earlier.some((other) => other.port === port.port && other.protocol === port.protocol)) {
            report(['ports', index, 'port'], `port ${port.port} is listed twice`);
          }
        }
      }),
    ),
  status: z.unknown().optional(),
});

export type Service = z.output<typeof serviceSchema>;
