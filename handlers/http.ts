import { ROUTES } from '../lib/http/routes.ts';
import { type Runtime, runtime } from '../lib/io/runtime.ts';
import { api } from './api.ts';

/** The whole HTTP API. */
export const http = (load: () => Promise<Runtime>) => api(load, ROUTES);

export const handler = http(runtime);
