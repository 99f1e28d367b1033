import { ALERT_ROUTES } from '../lib/http/alert-routes.ts';
import { type Runtime, runtime } from '../lib/io/runtime.ts';
import { api } from './api.ts';

/** `POST /alerts/{source}` alone: what strangers may send to has no credentials of the cloud, and cannot begin anything. */
export const alerts = (load: () => Promise<Runtime>) => api(load, ALERT_ROUTES);

export const handler = alerts(runtime);
