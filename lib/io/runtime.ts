import { hostname } from 'node:os';
import type { EpochMs } from '../core/time.ts';
import { secondsToOpening } from '../core/window.ts';
import type { Clock, Deps, Ledger, Log, Notifier, PolicyState } from '../deps.ts';
import { agencyKeys } from './agency.ts';
import { createNotifier, targetProblems } from './alerts/notifier.ts';
import { secretsOf } from './alerts/receiver.ts';
import { metricsOnDemand } from './ces/on-demand.ts';
import { systemClock } from './clock.ts';
import { type Config, readConfig } from './config.ts';
import { createCredentials } from './credentials.ts';
import type { CredentialSource } from './dcs/caller.ts';
import { dcsOnDemand } from './dcs/on-demand.ts';
import type { Credentials } from './dcs/sign.ts';
import { queueOnDemand } from './dispatch/on-demand.ts';
import { openLedger } from './ledger/open.ts';
import { createLog } from './log.ts';
import { callMetrics, type Ticked, tickMetrics } from './metrics.ts';
import { policyState } from './policy-state.ts';
import { useZones } from './zones.ts';

export interface RuntimeOptions {
  env: Record<string, string | undefined>;
  clock: Clock;
  /** Takes one line of the log, with its end of line. */
  writeLog: (line: string) => void;
}

/** The program, put together: the only place where ports meet what stands behind them. */
export interface Runtime {
  config: Config;
  clock: Clock;
  ledger: Ledger;
  log: Log;
  /** What one pass needs. The policy is read anew, so that a mended one is obeyed at the next tick. */
  pass(): Promise<{ deps: Deps; state: PolicyState }>;
  /** Takes over the keys that an invocation on FunctionGraph brings, in place of those of the one before. */
  invoked(context: unknown): void;
  /** One GET that follows no redirect, of a URL that is known to be good. @throws when there is no good answer */
  download(url: string): Promise<string>;
  /** Writes what one pass came to where CloudWatch counts it, on AWS Lambda alone. `beganAt`: before the pass. */
  measure(report: Ticked, state: PolicyState, beganAt: EpochMs): void;
  /** The same for the requests to DCS alone, where no tick is made. Nothing is written when there were none. */
  measureCalls(): void;
  close(): Promise<void>;
}

/** The log masks what is in this list, also what is learned later. */
function keepSecret(secrets: string[], ...values: (string | null | undefined)[]): void {
  for (const value of values) if (value && !secrets.includes(value)) secrets.push(value);
}

/** Tells this process from others that have its id after it, or elsewhere. It is no secret, so nothing costly to load is asked for it. */
function nonce(): string {
  return Math.random().toString(36).slice(2, 10);
}

/** Receivers that cannot be used make the policy a bad one; what runs is followed all the same, and the others are told. */
function withNotifier(
  state: PolicyState,
  ports: { log: Log; clock: Clock; credentials: CredentialSource },
): { state: PolicyState; notifier: Notifier } {
  const targets = state.policy?.notify ?? [];
  const notifier = createNotifier({ targets, ...ports });
  const problems = targetProblems(targets);
  if (problems.length === 0) return { state, notifier };
  return {
    state: { policy: state.policy, problem: [state.problem, ...problems].filter(Boolean).join('\n') },
    notifier,
  };
}

/** @throws ConfigError that names every variable that is wrong; an Error that says why the ledger cannot be opened */
export async function createRuntime(options: Partial<RuntimeOptions> = {}): Promise<Runtime> {
  const clock = options.clock ?? systemClock;
  const config = readConfig(options.env);
  const write = options.writeLog ?? ((line: string) => void process.stdout.write(line));
  const log = createLog({ level: config.logLevel, write, now: () => clock.now(), secrets: config.secrets });
  useZones(log);
  const ledger = await openLedger(config.ledger, { log, env: config.env });
  const traffic = { apiCalls: 0, throttled: 0 };
  const learn = (values: string[]) => keepSecret(config.secrets, ...values);
  let agency: Credentials | null = null;
  const credentials = createCredentials({ env: config.env, clock, log, learn, agency: () => agency });
  const caller = {
    clock,
    credentials,
    log,
    iamEndpoint: config.iamEndpoint ?? undefined,
    onAnswer: (status: number) => {
      traffic.apiCalls += 1;
      if (status === 429) traffic.throttled += 1;
    },
  };
  const dcs = dcsOnDemand({ ...caller, endpointOverride: config.endpoint ?? undefined });
  const metrics = metricsOnDemand({ ...caller, endpointOverride: config.cesEndpoint ?? undefined });
  const dispatcher = config.queue === null ? {} : { dispatcher: queueOnDemand(config.queue, log) };
  async function pass(): Promise<{ deps: Deps; state: PolicyState }> {
    const found = await withCalendars(await policyState(config, ledger, clock.now()), clock, config.policyFile);
    const { state, notifier } = withNotifier(found, { log, clock, credentials });
    for (const target of state.policy?.notify ?? []) keepSecret(config.secrets, ...secretsOf(target));
    // Of its own for each pass: two that overlap in one process must not take the lease for theirs both.
    const holder = `${hostname()}:${process.pid}:${nonce()}`;
    return { deps: { clock, dcs, metrics, ledger, log, holder, notifier, ...dispatcher }, state };
  }
  function invoked(context: unknown): void {
    agency = agencyKeys(context);
  }
  function measure(report: Ticked, { policy }: PolicyState, beganAt: EpochMs): void {
    const functionName = config.env.AWS_LAMBDA_FUNCTION_NAME;
    if (!functionName) return;
    const durationMs = clock.now() - beganAt;
    const secondsToNextOpening = policy && secondsToOpening(policy, report.now);
    write(tickMetrics(report, { functionName, durationMs, secondsToNextOpening, ...traffic }));
    // Each tick tells its own.
    Object.assign(traffic, { apiCalls: 0, throttled: 0 });
  }
  function measureCalls(): void {
    const functionName = config.env.AWS_LAMBDA_FUNCTION_NAME;
    if (!functionName || traffic.apiCalls === 0) return;
    write(callMetrics(clock.now(), { functionName, ...traffic }));
    Object.assign(traffic, { apiCalls: 0, throttled: 0 });
  }
  return { config, clock, ledger, log, pass, invoked, download, measure, measureCalls, close: () => ledger.close() };
}

async function download(url: string): Promise<string> {
  const { download: get } = await import('./download.ts');
  return get(url);
}

/** Only a valid policy starts anything; for it the calendars of its freezes are read, if it has such. */
async function withCalendars(state: PolicyState, clock: Clock, policyFile: string): Promise<PolicyState> {
  if (state.problem !== null || !state.policy.freezes.some(({ span }) => span.kind === 'feed')) return state;
  const { withFeeds } = await import('./feeds.ts');
  return { policy: await withFeeds(state.policy, clock.now(), policyFile), problem: null };
}

let cached: Promise<Runtime> | null = null;

/** The runtime of a function that is invoked again and again: made once, tried anew when making it failed. */
export function runtime(): Promise<Runtime> {
  cached ??= createRuntime().catch((error: unknown) => {
    cached = null;
    throw error;
  });
  return cached;
}
