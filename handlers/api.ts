import middy from '@middy/core';
import { fitting, type Route } from '../lib/http/route.ts';
import type { Runtime } from '../lib/io/runtime.ts';
import { VERSION } from '../lib/io/version.ts';
import { answers, type Call, jsonBodies, keys, requests, routing } from './middleware.ts';

/** As AWS Lambda names it, and as FunctionGraph does. */
interface Context {
  getRemainingTimeInMillis?: () => number;
  getRemainingTimeInMilliSeconds?: () => number;
}

/** A function that answers HTTP: API Gateway (both payloads), Lambda function URLs, FunctionGraph APIG. */
export const api = (load: () => Promise<Runtime>, routes: readonly Route[]) =>
  middy(async ({ request, route, params, caller, body }: Call, context: Context) => {
    const query = route.query ? fitting(route.query, request.query, 'query') : {};
    const input = route.body ? fitting(route.body, body, 'body') : null;
    const left = context.getRemainingTimeInMillis ?? context.getRemainingTimeInMilliSeconds;
    const timeLeft = () => left?.call(context) ?? 0;
    const known = { request, params, query, body: input, caller: caller ?? '', timeLeft };
    return route.run({ ...known, backend: await load(), version: VERSION });
  }).use([answers(load), requests(), routing(routes), keys(load), jsonBodies()]);
