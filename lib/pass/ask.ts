import { type Answered, type Asked, nextAsking } from '../core/asking.ts';
import type { Instance } from '../core/instance.ts';
import type { Policy } from '../core/policy.ts';
import { DAY, type EpochMs } from '../core/time.ts';
import type { Deps, Message } from '../deps.ts';
import type { Look } from './observe.ts';
import { isWanting, withFinding } from './reading.ts';

/** More instances of one scope than this are read by a worker: to read them here would take longer than to ask. */
export const MANY = 50;

/** Name of the note that says when workers were asked to read which scope. */
const ASKED = 'asked';

export interface Shared {
  /** Instances with what workers have read of them. */
  found: Instance[];
  /** To be read by this pass, in this order. */
  here: Instance[];
  /** Left to workers, by id. */
  waiting: ReadonlySet<string>;
}

/** Of one scope: what this pass reads in any case, and what is so much that a worker is to read it. */
interface Part {
  scope: string;
  /** With what workers have read of them. */
  found: Instance[];
  mine: Instance[];
  rest: Instance[];
}

/**
 * Shares what is wanting between this pass and the workers. Without a queue, and where little is wanting, all of it is read
 * here. Of a scope of which much is wanting, what workers have read since is taken, and they are asked for the rest; where
 * they read nothing, and where they cannot be asked, this pass reads it after all.
 */
export async function share(deps: Deps, policy: Policy, wanting: readonly Instance[], look: Look): Promise<Shared> {
  const mayAsk = look.mayAsk && deps.dispatcher !== undefined;
  const parts = await Promise.all(
    [...Map.groupBy(wanting, ({ scope }) => scope)].map(([scope, group]) =>
      mayAsk && group.length > MANY
        ? splitUp(deps, policy, scope, group, look)
        : { scope, found: [], mine: group, rest: [] },
    ),
  );
  const left = await leftToWorkers(
    deps,
    parts.filter(({ rest }) => rest.length > 0),
  );
  const here = parts.flatMap((part) => (left.has(part.scope) ? part.mine : [...part.mine, ...part.rest]));
  const isFirst = (instance: Instance) => look.first?.(instance) === true;
  const waiting = parts.filter(({ scope }) => left.has(scope)).flatMap(({ rest }) => rest);
  return {
    found: parts.flatMap(({ found }) => found),
    here: [...here.filter(isFirst), ...here.filter((instance) => !isFirst(instance))],
    waiting: new Set(waiting.map(({ instanceId }) => instanceId)),
  };
}

/** What a person asked for is read at once where that is little, or urgent. */
async function splitUp(deps: Deps, policy: Policy, scope: string, group: Instance[], look: Look): Promise<Part> {
  const { first, isUrgent, oldBefore } = look;
  const findings = new Map((await deps.ledger.findings(scope)).map((finding) => [finding.instanceId, finding]));
  const found = group.map((instance) => withFinding(instance, findings.get(instance.instanceId), oldBefore));
  const wanting = found.filter((instance) => isWanting(policy, instance, deps.clock.now()));
  const asked = first ? wanting.filter(first) : [];
  const mine = isUrgent || asked.length <= MANY ? new Set(asked) : new Set<Instance>();
  const rest = wanting.filter((instance) => !mine.has(instance));
  return rest.length > MANY ? { scope, found, mine: [...mine], rest } : { scope, found, mine: wanting, rest: [] };
}

/** The scopes that workers are asked to read, or were asked to a short time ago. */
async function leftToWorkers(deps: Deps, parts: readonly Part[]): Promise<Set<string>> {
  if (parts.length === 0) return new Set();
  const now = deps.clock.now();
  const before = await askedLately(deps, now);
  const answers = await Promise.all(parts.map(({ scope }) => answerOf(deps, scope)));
  const asking = parts.map(({ scope, rest }, index) => ({
    scope,
    ...nextAsking(before[scope] ?? null, answers[index]!, rest.length, now),
  }));
  const [asked, alone] = [
    asking.filter(({ kind }) => kind === 'ask'),
    asking.filter(({ kind }) => kind === 'read_here'),
  ];
  if (alone.length > 0) deps.log('warn', 'workers_read_nothing', { scopes: alone.map(({ scope }) => scope) });
  if (
    !(await ask(
      deps,
      asked.map(({ scope }) => scope),
    ))
  )
    return new Set();
  const after = { ...before, ...Object.fromEntries(asking.map(({ scope, asked }) => [scope, asked])) };
  if (asked.length + alone.length > 0) await deps.ledger.putNote(ASKED, JSON.stringify(after), now + DAY);
  return new Set(asking.flatMap(({ scope, kind }) => (kind === 'read_here' ? [] : [scope])));
}

/** By scope. What cannot be read any more, or is of another day, is as if nobody had been asked. */
async function askedLately({ ledger }: Deps, now: EpochMs): Promise<Record<string, Asked>> {
  const noted = Object.entries(parsed<Record<string, Asked>>(await ledger.note(ASKED)) ?? {});
  return Object.fromEntries(noted.filter(([, { at }]) => now - at < DAY));
}

async function answerOf({ ledger }: Deps, scope: string): Promise<Answered | null> {
  return parsed<Answered>(await ledger.note(answerNote(scope)));
}

/** Name of the note in which a worker says what it has read of a scope. */
function answerNote(scope: string): string {
  return `observed:${scope}`;
}

/** A worker had something to read in the scope: a pass need not wait for it any more. */
export async function noteAnswer({ ledger }: Deps, scope: string, answered: Answered): Promise<void> {
  await ledger.putNote(answerNote(scope), JSON.stringify(answered), answered.at + DAY);
}

function parsed<T>(text: string | null): T | null {
  try {
    return JSON.parse(text ?? 'null') as T | null;
  } catch {
    return null;
  }
}

/** False: the queue did not take it. Then nobody is waited for, and the next pass asks again. */
async function ask({ dispatcher, log }: Deps, scopes: readonly string[]): Promise<boolean> {
  if (scopes.length === 0) return true;
  try {
    await dispatcher!.send(scopes.map((scope): Message => ({ kind: 'observe', scope })));
    return true;
  } catch (error) {
    log('error', 'observations_not_sent', { scopes, error });
    return false;
  }
}
