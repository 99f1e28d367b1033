import middy from '@middy/core';
import { fitting, type Route } from '../lib/http/route.ts';
import type { Runtime } from '../lib/io/runtime.ts';
import { VERSION } from '../lib/io/version.ts';
import { type Context, timeLeft } from './event.ts';
import { answers, type Call, jsonBodies, keys, requests, routing } from './middleware.ts';

/** A function that answers HTTP: API Gateway (both payloads), Lambda function URLs, FunctionGraph APIG. */
export const api = (load: () => Promise<Runtime>, routes: readonly Route[]) =>
  middy(async ({ request, route, params, caller, body }: Call, context: Context) => {
    const query = route.query ? fitting(route.query, request.query, 'query') : {};
    const input = route.body ? fitting(route.body, body, 'body') : null;
    const backend = await load();
    backend.invoked(context);
    const known = { request, params, query, body: input, caller: caller ?? '', timeLeft: () => timeLeft(context) };
    return route.run({ ...known, backend, version: VERSION });
  }).use([answers(load), requests(), routing(routes), keys(load), jsonBodies()]);
