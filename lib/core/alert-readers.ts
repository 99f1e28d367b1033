import type { AlertSource, Delivery, Received } from './alert-in.ts';
import { readCloudEye } from './alert-in-cloud-eye.ts';
import { readPagerDuty } from './alert-in-pagerduty.ts';
import { readPrometheus } from './alert-in-prometheus.ts';
import { readStandard } from './alert-in-standard.ts';

/** Reads a body that was verified. A text says why it does not fit. Lenient: what is not understood must not hide what is. */
export type Reader = (body: unknown, received: Received) => Delivery | string;

/** Every source, and how what it sends is read. A new one is one entry here, and one in `PROOFS`, lib/http/alert-proofs.ts. */
export const READERS: Record<AlertSource, Reader> = {
  alertmanager: readPrometheus,
  grafana: readPrometheus,
  pagerduty: readPagerDuty,
  smn: readCloudEye,
  standard: readStandard,
};
