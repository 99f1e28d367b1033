import { AsyncLocalStorage } from 'node:async_hooks';
import { ALERT_EVENTS, type Alert } from '../../lib/core/alert.ts';
import type { NotifyTarget } from '../../lib/core/policy.ts';
import { type EpochMs, MINUTE, SECOND } from '../../lib/core/time.ts';
import type { Deps, Notifier } from '../../lib/deps.ts';
// What the notifier loads when it needs it: here it is there from the start, as no loading may take a night's time.
import '../../lib/io/alerts/forms/dingtalk.ts';
import '../../lib/io/alerts/forms/feishu.ts';
import '../../lib/io/alerts/forms/pagerduty.ts';
import '../../lib/io/alerts/forms/slack.ts';
import '../../lib/io/alerts/forms/smn.ts';
import '../../lib/io/alerts/forms/webhook.ts';
import '../../lib/io/alerts/forms/wecom.ts';
import { createNotifier } from '../../lib/io/alerts/notifier.ts';
import { type Answer, type Outgoing, type PostOptions, UnsentError } from '../../lib/io/alerts/post.ts';
import { CREDENTIALS } from './fleet.ts';
import type { Taken } from './heard.ts';
import { type Life, living, never } from './machine.ts';
import type { Night } from './night.ts';
import type { RECEIVER_TROUBLE, Rules } from './plan.ts';
import { fickleOf, type Kind, type Received, STEADY, shownIn } from './receiver-kinds.ts';

type Trouble = (typeof RECEIVER_TROUBLE)[number];

/** One is always there, wants all and takes all; the other wants what asks for something to be done, and may fail. */
export function targetsOf({ fickle: { to, digest, app } }: Pick<Rules, 'fickle'>): NotifyTarget[] {
  return [
    { ...STEADY.target, events: [...ALERT_EVENTS] },
    { ...fickleOf(to).target, events: null, ...(digest ? { digest: 'window' } : {}), ...(app === null ? {} : { match: { tags: { app: [app] } } }) },
  ]; // biome-ignore format: a list
}

/** What is being told. Receivers that show it to people do not get all of it. */
const telling = new AsyncLocalStorage<Alert>();

/** The real notifier of one process, before the night's receivers. */
export function receiversOf(night: Night, { machine: { clock }, policy }: Life, log: Deps['log']): Notifier {
  const credentials = async () => CREDENTIALS;
  const post = (outgoing: Outgoing, options: PostOptions) => send(night, outgoing, options);
  const notifier = createNotifier({ targets: policy.notify, log, clock, credentials, post });
  return { ...notifier, deliver: (alert, to) => telling.run(alert, () => notifier.deliver(alert, to)) };
}

/** What came of a request: how the receiver answers, and what it took. */
interface Outcome {
  answer: Answer;
  taken: Taken | null;
  /** For how long it wants to be left alone, in milliseconds: from when that is heard, or, where it is a date, from when it is said. */
  rest: number;
  saidAt?: EpochMs;
}

/** One POST over the night's network. Whoever sends it waits no longer than it says, and does not know then what became of it. */
async function send(night: Night, outgoing: Outgoing, { timeout }: PostOptions): Promise<Answer> {
  const life = living.getStore()!;
  const isFickle = !outgoing.url.startsWith(STEADY.target.url);
  const name = `${life.name}/${life.effects + 1}`;
  if (isFickle && !life.isDead) night.judge.heard.asks(life);
  const late = night.timeline.sleep(timeout).then(() => {
    if (life.isDead) return never();
    throw new UnsentError(`no answer within ${timeout} ms`, false);
  });
  const answered = night.effect(`alert to the ${isFickle ? 'fickle' : 'steady'} one`, async () => receive(night, life, isFickle, name, outgoing)); // biome-ignore format: one call
  const { answer, taken, rest, saidAt = night.timeline.now } = await Promise.race([answered, late]);
  if (taken && answer.status < 300) taken.isAnswered = true;
  if (isFickle) night.judge.heard.answered(life, saidAt, rest);
  return answer;
}

function receive(night: Night, life: Life, isFickle: boolean, name: string, outgoing: Outgoing): Outcome | Promise<never> {
  const { judge } = night;
  const kind = isFickle ? fickleOf(night.rules.fickle.to) : STEADY;
  const trouble = isFickle ? troubleOf(night, name) : null;
  if (trouble) {
    night.counts.alertTroubles += 1;
    night.note(life.name, `ALERT to the fickle one: ${trouble}`);
  }
  if (trouble === 'down') throw new UnsentError('could not be reached (ECONNREFUSED)', true);
  if (trouble === 'silent') return never();
  judge.shown(shownIn(outgoing.body), 'an alert');
  const received = readAs(kind, night, outgoing);
  const problem = typeof received === 'string' ? received : kind.problem(received);
  if (problem !== null || typeof received === 'string') {
    judge.fail('receivers can trust what they get', `${kind.target.to}: ${problem}`);
    return outcome(401, '');
  }
  const refusal = refusalOf(night, life, kind, trouble, name);
  if (trouble === 'refuses') judge.heard.refused(received.alert);
  if (refusal) return refusal;
  const taken = judge.heard.took(life, isFickle, received.alert);
  if (trouble === 'taken_and_silent') return never();
  if (trouble === 'taken_and_dropped') throw new UnsentError('could not be reached (ECONNRESET)', true);
  if (trouble === 'taken_and_failed') return { ...outcome(500, ''), taken };
  return { ...outcome(kind.target.to === 'pagerduty' ? 202 : 200, kind.yes), taken };
} // biome-ignore format: one thought a line

/** What is refused as it is, is so in every try; whatever else goes wrong does so by the request. */
function troubleOf(night: Night, name: string): Trouble | null {
  const own = night.weather('receiver', telling.getStore()!.key)?.trouble;
  if (own === 'refuses') return own;
  const trouble = night.weather('receiver', name)?.trouble ?? null;
  return trouble === 'refuses' ? null : trouble;
}

function outcome(status: number, text: string, retryAfter: string | null = null, rest = 0): Outcome {
  return { answer: { status, text, retryAfter }, taken: null, rest };
}

/** What it is about, by what stands in it as far as that is all there; else what is wrong with it. */
function readAs({ target: { to }, most }: Kind, { timeline, judge }: Night, outgoing: Outgoing): Received | string {
  if (Buffer.byteLength(outgoing.body) > most) return 'it is too long';
  const json = jsonOf(outgoing.body);
  if (!json) return 'it is no JSON';
  const received = { ...outgoing, json, at: timeline.now, alert: telling.getStore()! };
  if (to !== 'webhook') return received;
  const data = json.data as Omit<Alert, 'at'> & { at: string };
  const alert = { ...data, at: Date.parse(data.at) };
  const twice = judge.heard.identified(outgoing.headers?.['webhook-id'] ?? '', alert);
  return twice ?? { ...received, alert };
}

function jsonOf(body: string): Record<string, unknown> | null {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

/** How long it wants to be left alone: as seconds, as nothing that is understood, as a date by its own clock. */
const WAITS = ['2', '17', 'soon', '90', '600', '7200', 'date'] as const;
/** Nobody waits longer because a receiver says so. */
const LONGEST_WAIT = 60 * MINUTE;

function refusalOf(night: Night, { machine }: Life, { no, busy, own }: Kind, trouble: Trouble | null, name: string): Outcome | null {
  const drawn = night.draw(`receiver/${name}`);
  if (trouble === 'moved') return outcome(drawn < 0.5 ? 302 : 307, '');
  if (trouble === 'says_no') return no === undefined ? outcome(drawn < 0.5 ? 403 : 410, '') : outcome(200, no);
  if (trouble === 'refuses') return own === undefined ? outcome(400, '') : outcome(200, own);
  if (trouble !== 'busy') return null;
  if (busy && drawn < 0.5) return outcome(200, busy.text, null, busy.rest);
  const wait = WAITS[Math.floor(night.draw(`receiver/${name}/wait`) * WAITS.length)]!;
  const status = drawn < 0.75 ? 429 : 503;
  if (wait !== 'date') return outcome(status, '', wait, Math.min(LONGEST_WAIT, (Number(wait) || 0) * SECOND));
  const until = Math.ceil((night.timeline.now + 2 * MINUTE) / SECOND) * SECOND;
  const saidAt = night.timeline.now;
  return { ...outcome(status, '', new Date(until).toUTCString(), until - saidAt - machine.skew), saidAt };
} // biome-ignore format: one thought a line
