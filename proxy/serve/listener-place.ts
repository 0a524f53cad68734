import { inboundListenerName, VIRTUAL_OUTBOUND } from '../../proto/names.ts';
import type { ListenerPlan } from '../carrier.ts';

/** Where a listener accepts connections, and under what name it is shown. */
export interface ListenerPlace {
  readonly name: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Another process accepts the connections and hands them over; host and port are where it does. */
  readonly isHandedOver: boolean;
}

/**
 * The place of a planned listener. What the application uses is on loopback; what other sidecars use is there too when
 * the address that they are told is one of loopback, and otherwise on all addresses, of which that one is one.
 */
export function placeOf(plan: ListenerPlan, advertise: string): ListenerPlace {
  switch (plan.kind) {
    case 'inbound': {
      const isLocal = advertise === '127.0.0.1' || advertise === '::1';
      const host = isLocal ? advertise : advertise.includes(':') ? '::' : '0.0.0.0';
      return { name: inboundListenerName(plan.applicationPort), host, port: 0, isHandedOver: false };
    }
    case 'upstream': {
      const name = `upstream|${plan.port}||${plan.routeName}`;
      return { name, host: '127.0.0.1', port: plan.port, isHandedOver: false };
    }
    case 'proxy':
      return { name: VIRTUAL_OUTBOUND, host: '127.0.0.1', port: plan.port, isHandedOver: false };
  }
}
