/**
 * The clients of the load test, in a process of their own so that their memory is not counted: one shot after the other,
 * then their results as JSON on stdout.
 */
import { createRequire } from 'node:module';
import type { Result, Shot } from './shots.ts';

interface Options {
  url: string;
  amount: number;
  connections: number;
  requests: object[];
}

interface Outcome {
  errors: number;
  timeouts: number;
  requests: { average: number };
  latency: { p50: number; p99: number };
  statusCodeStats: Record<string, { count: number }>;
}

// It brings no types of its own.
const autocannon = createRequire(import.meta.url)('autocannon') as (options: Options) => Promise<Outcome>;

const [url = '', list = '[]'] = process.argv.slice(2);
const results: Result[] = [];
for (const { name, amount, clients, requests } of JSON.parse(list) as Shot[]) {
  const outcome = await autocannon({ url, amount, connections: clients, requests });
  const statuses = Object.entries(outcome.statusCodeStats).map(([status, { count }]) => [status, count] as const);
  results.push({
    name,
    statuses: Object.fromEntries(statuses),
    failed: outcome.errors + outcome.timeouts,
    each: Math.round(outcome.requests.average),
    median: outcome.latency.p50,
    slowest: outcome.latency.p99,
  });
}
console.log(JSON.stringify(results));
