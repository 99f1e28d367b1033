import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SECOND } from '../../core/time.ts';
import { createRuntime } from '../../io/runtime.ts';
import { attemptJson, decisionJson } from '../../present.ts';
import { DEMO_KEY } from '../../simulator/build.ts';
import { createFastClock } from '../../simulator/clock.ts';
import { demoFleet } from '../../simulator/demo-fleet.ts';
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts';
import { DEMO_SPEED, DEMO_START, type Delivered, demoPolicy, startReceiver } from '../demo-night.ts';
import type { Night } from '../night.ts';
import { attemptTable, decisionTable } from '../tables.ts';
import { paint } from '../terminal.ts';
import { type Call, type ExitCode, printJson, type Verb } from '../verb.ts';
import { watchNight } from '../watching.ts';

const FOLDER = join('.dcs-upgrader', 'demo');
/** Of the night, between two ticks. */
const EVERY = 30 * SECOND;

export const demo: Verb = {
  summary: 'A whole night in under a minute: a simulated control plane, forty instances, an open window.',
  usage: '',
  options: {},
  help: [],
  takes: 0,
  async run(call): Promise<ExitCode> {
    const began = performance.now();
    const secret = `whsec_${randomBytes(24).toString('base64')}`;
    const clock = createFastClock({ start: DEMO_START, speed: DEMO_SPEED });
    const [server, receiver] = [await startSimulator({ clock, fleet: demoFleet() }), await startReceiver(secret)];
    const env = await prepare(server.url, receiver.url, secret);
    const log = createWriteStream(join(FOLDER, 'log.jsonl'));
    const runtime = await createRuntime({ env, clock, writeLog: (line) => void log.write(line) });
    if (!call.json)
      call.terminal.out(
        `A night of 4 hours, ${DEMO_SPEED} times as fast: ${server.world.instances.size} instances behind ${server.url}\n\n`,
      );
    let night: Night = { report: null, finished: [] };
    try {
      for await (const tick of watchNight(runtime, {
        every: EVERY,
        untilDone: true,
        terminal: call.terminal,
        quiet: call.json,
        signal: call.signal,
      }))
        night = tick.night;
    } finally {
      await runtime.close();
      await server.close();
      receiver.server.close();
      log.end();
    }
    report(call, { night, server, delivered: receiver.delivered, seconds: (performance.now() - began) / SECOND });
    return call.signal.aborted ? 3 : 0;
  },
};

/** A folder of its own, made anew: the policy, the ledger and the log can be looked at afterwards. */
async function prepare(endpoint: string, webhookUrl: string, secret: string): Promise<Record<string, string>> {
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  const policy = join(FOLDER, 'policy.yaml');
  await writeFile(policy, demoPolicy(webhookUrl));
  const keys = { CLOUD_SDK_AK: DEMO_KEY.ak, CLOUD_SDK_SK: DEMO_KEY.sk, DEMO_WEBHOOK_SECRET: secret };
  return {
    ...keys,
    DCS_ENDPOINT: endpoint,
    CES_ENDPOINT: endpoint,
    POLICY: `file:${policy}`,
    LEDGER: `sqlite:${join(FOLDER, 'ledger.db')}`,
    LOG_LEVEL: 'info',
  };
}

interface Result {
  night: Night;
  server: RunningSimulator;
  delivered: Delivered[];
  seconds: number;
}

function report(call: Call, { night, server, delivered, seconds }: Result): void {
  const { finished } = night;
  const left =
    night.report?.decisions.filter(
      ({ reason, instanceId }) =>
        reason !== 'already_latest' || !finished.some((attempt) => attempt.instanceId === instanceId),
    ) ?? [];
  const upgraded = finished.filter(({ state }) => state === 'succeeded').length;
  const accepted = server.posts.filter(({ outcome }) => outcome === 'accepted');
  const twice = accepted.length - new Set(accepted.map(({ instanceId }) => instanceId)).size;
  const counts = {
    instances: server.world.instances.size,
    upgraded,
    failed: finished.length - upgraded,
    calls: server.posts.length,
    accepted: accepted.length,
    upgradedTwice: twice,
    seconds: Math.round(seconds),
  };
  if (call.json) {
    printJson(call, {
      ...counts,
      finished: finished.map(attemptJson),
      decisions: night.report?.decisions.map(decisionJson) ?? [],
      alerts: delivered,
    });
    return;
  }
  const { terminal } = call;
  const heading = (words: string) => `\n${paint(terminal, 'bold', words)}\n`;
  terminal.out(heading('Upgraded, or tried') + attemptTable(finished, terminal.columns));
  terminal.out(`\n${heading('Not upgraded, and why')}${decisionTable(left, terminal.columns)}\n`);
  terminal.out(
    heading('Alerts that the webhook took') +
      (delivered
        .filter(({ severity }) => severity !== 'info')
        .map(({ severity, summary, action }) => `${severity}: ${summary}\n  → ${action}`)
        .join('\n') || 'none') +
      '\n',
  );
  terminal.out(
    heading(
      `${counts.upgraded} of ${counts.instances} upgraded in ${counts.seconds} s; ${counts.calls} calls, ${counts.accepted} accepted, ${twice} instances upgraded twice`,
    ),
  );
  terminal.out(
    `The policy, the ledger and the log are in ${FOLDER}; for example:\n  LEDGER=sqlite:${join(FOLDER, 'ledger.db')} npx dcs-upgrader why checkout-prod\n`,
  );
}
