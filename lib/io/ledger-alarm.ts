import { ledgerAlert } from '../core/alert-facts.ts';
import { type EpochMs, HOUR } from '../core/time.ts';
import { createNotifier } from './alerts/notifier.ts';
import { secretsOf } from './alerts/receiver.ts';
import { systemClock } from './clock.ts';
import { readConfig } from './config.ts';
import { createCredentials } from './credentials.ts';
import { LedgerError } from './ledger/documents.ts';
import { createLog } from './log.ts';
import { readPolicyFile } from './policy-state.ts';
import type { RuntimeOptions } from './runtime.ts';

/** Without a ledger nothing remembers who was told, so a process that lives on tells once an hour, for each ledger. */
const toldAt = new Map<string, EpochMs>();

/** Does the work, and tells people when it fails because of the ledger. @throws what the work throws */
export async function withLedgerAlarm<T>(work: () => Promise<T>, options: Partial<RuntimeOptions> = {}): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await soundLedgerAlarm(error, options);
    throw error;
  }
}

/**
 * When this error is the ledger's, tells the receivers of the policy as it stands in its file: nothing starts and nothing
 * is followed meanwhile, and no pass gets far enough to tell it.
 */
export async function soundLedgerAlarm(error: unknown, options: Partial<RuntimeOptions> = {}): Promise<void> {
  if (!(error instanceof LedgerError)) return;
  const clock = options.clock ?? systemClock;
  const config = readConfig(options.env);
  const now = clock.now();
  if (now < (toldAt.get(config.ledger) ?? Number.NEGATIVE_INFINITY) + HOUR) return;
  toldAt.set(config.ledger, now);
  const file = await readPolicyFile(config, now);
  const targets = (file.problem === null && file.state.policy?.notify) || [];
  const secrets = [...config.secrets, ...targets.flatMap(secretsOf)];
  const write = options.writeLog ?? ((line: string) => void process.stdout.write(line));
  const log = createLog({ level: config.logLevel, write, now: () => clock.now(), secrets });
  const learn = (values: string[]) => void secrets.push(...values);
  const credentials = createCredentials({ env: config.env, clock, log, learn });
  const notifier = createNotifier({ targets, log, clock, credentials });
  const alert = ledgerAlert(config.ledger, error.message, now);
  await notifier.deliver(alert, notifier.wanting(alert));
}
