import type { Scope } from '../../core/instance.ts';
import { percentEncode } from './sign.ts';

/** One of the cloud's services: the first word of its hosts, and the version in its paths. */
export interface Service {
  host: string;
  version: string;
}

export const DCS: Service = { host: 'dcs', version: 'v2' };
/** Cloud Eye, API version 1. */
export const CES: Service = { host: 'ces', version: 'V1.0' };

/** A scope names the endpoint of DCS; that of another service is beside it where the name shows it (`dcs.` first). */
export function endpointOf({ endpoint, region }: Scope, { host }: Service): string {
  if (endpoint && host === DCS.host) return endpoint;
  const beside = endpoint && /^(https:\/\/)dcs(\..+)$/.exec(endpoint);
  return beside ? `${beside[1]}${host}${beside[2]}` : `https://${host}.${percentEncode(region)}.myhuaweicloud.com`;
}
