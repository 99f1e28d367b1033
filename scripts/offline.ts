/**
 * The whole deployment on this machine, until interrupted: a DCS control plane with a fleet, the table, the queue, the
 * schedule, and the HTTP routes on localhost, with the real handlers between them.
 *
 *   npm run offline -- [--port 4000] [--policy FILE] [--fleet FILE] [--every 10s] [--table dynalite] [--json]
 */
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseDuration } from '../lib/core/duration.ts';
import { demoFleet } from '../lib/simulator/demo-fleet.ts';
import { type FleetFile, parseFleet } from '../lib/simulator/fleet.ts';
import { type Cloud, startCloud } from './offline/cloud.ts';
import { hasJava } from './offline/table.ts';

/** An upgrade of the built-in fleet takes this many seconds: nobody waits for a real one. */
const UPGRADE_SECONDS = 20;

const USAGE = `Usage: npm run offline -- [options]
  --port N          where the HTTP routes answer (4000)
  --policy FILE     a policy of yours; else one whose window is open now
  --fleet FILE      a fleet of yours; else the demo's
  --every 10s       how often it ticks
  --table dynalite  also where Java could run DynamoDB Local
  --json            the facts as one JSON document`;

const OPTIONS = {
  help: { type: 'boolean', default: false },
  port: { type: 'string', default: '4000' },
  policy: { type: 'string' },
  fleet: { type: 'string' },
  every: { type: 'string', default: '10s' },
  table: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

const values = readOptions();
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const [port, every] = [Number(values.port), parseDuration(values.every)];
if (!Number.isInteger(port) || port < 0 || port > 65_535) usage('--port is no port number');
if (!every) usage('--every is no duration such as 10s or 5m');
if (values.table !== undefined && values.table !== 'dynalite')
  usage('--table may be dynalite alone; without it, what is best here');

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
try {
  const fleet = fleetOf(values.fleet);
  const cloud = await startCloud({
    fleet,
    policyFile: values.policy ?? writePolicy(fleet),
    port,
    every: every!,
    java: values.table === undefined && hasJava(),
    writeLog: (line) => process.stderr.write(line),
  });
  console.log(values.json ? facts(cloud) : welcome(cloud));
  if (!interrupted.signal.aborted) await once(interrupted.signal, 'abort');
  await cloud.stop();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 3;
}

/** What is not known is told with the usage. */
function readOptions() {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    return usage((error as Error).message);
  }
}

function usage(problem: string): never {
  console.error(`${problem}\n${USAGE}`);
  process.exit(2);
}

function fleetOf(file: string | undefined): FleetFile {
  if (file !== undefined) return parseFleet(readFileSync(file, 'utf8'), file);
  return { defaults: { upgradeSeconds: UPGRADE_SECONDS }, ...demoFleet() };
}

/** A policy of its own, whose window is open now; it is read again by every tick, so it can be changed while this runs. */
function writePolicy({ projects }: FleetFile): string {
  const file = join('.dcs-upgrader', 'offline', 'policy.yaml');
  mkdirSync(join(file, '..'), { recursive: true });
  const scopes = projects.map(({ project, region }) => `  - { project: "${project}", region: ${region} }`);
  writeFileSync(file, `version: 1
timezone: UTC
scopes:
${scopes.join('\n')}
windows:
  open: { date: ${new Date().toISOString().slice(0, 10)}, from: "00:00", duration: 30d }
rollout:
  - { wave: dev,  match: { tags: { env: dev } },  window: open }
  - { wave: prod, match: { tags: { env: prod } }, window: open, soak: 30s }
limits: { parallel: 5, maxErrors: 2, minDuration: 1m, sightLag: 5s }
verify: { settle: 10s }
`); // biome-ignore format: a policy
  return file;
}

function facts({ url, key, simulator, table }: Cloud): string {
  return JSON.stringify({ url, key, simulator: simulator.url, table });
}

function welcome({ url, key, simulator, table }: Cloud): string {
  const curl = `curl -H 'authorization: Bearer ${key}'`;
  return `
HTTP routes    ${url}  (the dashboard, for a browser; the password is the key)
API key        ${key}  (read, operate, upgrade)
DCS simulator  ${simulator.url}  (${simulator.world.instances.size} instances)
table          ${table}
a tick every   ${values.every}; Ctrl-C ends it all

  ${curl} ${url}/fleet
  ${curl} ${url}/plan
  ${curl} -H 'content-type: application/json' -d '{"reason": "trying it", "dryRun": false}' ${url}/upgrades
  ${curl} ${url}/upgrades/RUN_ID
`;
}
