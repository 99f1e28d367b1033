/** A safety rule that is broken on purpose: one text of one file, put in the place of another that is there exactly once. */
export interface Mutant {
  name: string;
  file: string;
  find: string;
  replace: string;
}

const START = 'lib/pass/start.ts';
const FOLLOW = 'lib/core/follow.ts';
const GATES = 'lib/core/gates.ts';
const LIMITS = 'lib/core/limits.ts';
const ROLLOUT = 'lib/core/rollout.ts';
const ATTEMPT = 'lib/core/attempt.ts';

/** Name, file, what stands there, what stands there instead. */
const TABLE: readonly (readonly [name: string, file: string, find: string, replace: string])[] = [
  // Claim, call, save
  ['the claim is left out', START, 'return (await deps.ledger.claim(attempt, lease!)) ? attempt : null;', 'return attempt;'],
  ['whoever writes last is right', 'lib/io/ledger/memory.ts', 'if (stored?.rev !== attempt.rev) return null;', 'if (!stored) return null;'],
  ['an accepted call is not written down', FOLLOW, "      state: 'running',\n      taskId: answer.taskId,", "      state: 'claimed',\n      taskId: answer.taskId,"],
  // Look before you repeat
  ['a call is repeated after a time-out', FOLLOW, "      error,\n    });\n  }\n  if (answer.rule.class === 'adopt')", "      lookUntil: null,\n      error,\n    });\n  }\n  if (answer.rule.class === 'adopt')"],
  ['the client sends a call again when its answer is lost', 'lib/io/dcs/caller.ts', 'return this.#try(\'POST\', call, body, this.#options.clock.now() + this.#timeouts.postLeavesWithin, true);', 'const send = () => this.#try(\'POST\', call, body, this.#options.clock.now() + 5_000, true);\n    return send().then((tried) => (\'failure\' in tried ? send() : tried));'],
  ['a server that failed is taken at its word', 'lib/io/dcs/client.ts', "return status >= 300 && status < 500 && status !== 408 && kind !== 'server' && kind !== 'transport';", 'return status >= 300;'],
  ['a look is no longer than the call', START, 'const lookUntil = now + CALL_WITHIN + CALL_LASTS + order.policy.limits.sightLag;', 'const lookUntil = now;'],
  ['the task list is not looked at', FOLLOW, "if (seen.upgrading || seen.status === 'UPGRADING' || task) {", "if (seen.upgrading || seen.status === 'UPGRADING') {"],
  ['calls are not counted', START, 'const calls = (order.earlier?.calls ?? 0) + 1;', 'const calls = 1;'],
  // Windows, freezes, holds
  ['the last start is a minute late', GATES, 'if (need <= left) return null;', 'if (need <= left + MINUTE) return null;'],
  ['a window opens five minutes early', 'lib/core/window.ts', '({ opens, closes }) => opens <= instant && instant < closes);', '({ opens, closes }) => opens - 300_000 <= instant && instant < closes);'],
  ['freezes are forgotten', 'lib/core/freeze.ts', 'return policy.freezes.find((freeze) => covers(freeze, at) && concerns(freeze, instance, part)) ?? null;', 'return null;'],
  ['a freeze ends ten minutes early', 'lib/core/freeze.ts', 'return policy.freezes.find((freeze) => covers(freeze, at) && concerns(freeze, instance, part)) ?? null;', 'return policy.freezes.find((freeze) => covers(freeze, at + 600_000) && concerns(freeze, instance, part)) ?? null;'],
  ['holds are forgotten', 'lib/core/hold.ts', 'return holds.find((hold) => isInForce(hold, now) && covers(hold.match, instance, wave)) ?? null;', 'return null;'],
  ['holds on a tag are forgotten', 'lib/core/hold.ts', 'tags.every(([key, value]) => instance.tags[key] === value),', 'tags.length === 0,'],
  ['holds are not read again before a call', START, 'const holds = await holdsNow(deps.ledger, policy, deps.clock.now());', 'const holds: Hold[] = [];'],
  ['a broken policy starts what the last good one says', 'lib/reconcile.ts', 'if (state.problem === null) {', 'if (state.policy) {'],
  ['a tag that opts out is not read', 'lib/core/selection.ts', 'if (tag !== undefined && OFF.includes(tag.trim().toLowerCase())) {', 'if (tag === OFF[99]) {'],
  ['what is at something else is called', GATES, "if (instance.status !== 'RUNNING')", "if (instance.status === 'UPGRADING')"],
  // Limits
  ['one more than limits.parallel', LIMITS, 'if (this.#inFlight >= limits.parallel)', 'if (this.#inFlight > limits.parallel)'],
  ['one more than limits.perScope', LIMITS, '(this.#perScope.get(instance.scope) ?? 0) >= limits.perScope', '(this.#perScope.get(instance.scope) ?? 0) > limits.perScope'],
  ['one more than limits.perWindow', LIMITS, 'this.#startedIn(opening) >= limits.perWindow', 'this.#startedIn(opening) > limits.perWindow'],
  ['one more than a wave may have', LIMITS, "(this.#perWave.get(wave?.wave ?? '') ?? 0) >= waveLimit", "(this.#perWave.get(wave?.wave ?? '') ?? 0) > waveLimit"],
  ['two instances of one application at once', LIMITS, 'find((group) => this.#groups.has(group));', 'find(() => false);'],
  ['an unknown outcome takes no place', ATTEMPT, "(attempt.state === 'claimed' && attempt.lookUntil !== null)", 'false'],
  // The rollout
  ['waves are not asked', GATES, 'const closed = waves.get(waveOf(assignment)!)?.closed;', 'const closed = null as WaveState[\'closed\'] | null;'],
  ['no soak', ROLLOUT, 'if (last === 0 || scene.now >= until) return null;', 'if (until > 0) return null;'],
  ['what is being upgraded does not keep the next wave closed', ROLLOUT, 'if (standing.inFlight) return false;', 'if (standing.inFlight) return true;'],
  ['a hold by the program opens the next wave', 'lib/core/stock.ts', 'scene.holds.filter(acknowledges);', 'scene.holds;'],
  ['the error budget is forgotten', ROLLOUT, 'if (counted.length < maxErrors) return [];', 'return [];'],
  ['failures are counted tick by tick', ROLLOUT, 'attempt.finishedAt! > releasedAt(scene, id)', 'attempt.finishedAt! > scene.now - MINUTE'],
  ['what cannot be verified is no failure', ATTEMPT, "return attempt.state === 'failed' || attempt.state === 'unverified';", "return attempt.state === 'failed';"],
  // Done means verified, and told
  ['a word that is not known is success', 'lib/core/instance.ts', "return 'running';\n}", "return 'succeeded';\n}"],
  ['a failed task is still running', 'lib/core/instance.ts', "['FAILED', 'FAIL',", "['FAIL',"],
  ['the version is not looked at', FOLLOW, 'const isUp = missing.length === 0 && isAtRest(seen);', 'const isUp = isAtRest(seen);'],
  ['what runs is followed in its window only', 'lib/pass/follow.ts', 'else if (isInFlight(attempt)) {', 'else if (isInFlight(attempt) && deps.clock.now() < attempt.opening.closes) {'],
  ['what never ends is nobody’s matter', FOLLOW, 'if (attempt.timedOutAt !== null || now < since + limits.timeout) return attempt;', 'if (since > 0) return attempt;'],
  ['failures are not told', 'lib/core/alert-attempt.ts', "holds: (attempt) => attempt.state === 'failed',", 'holds: () => false,'],
  ['what was told is not written down', 'lib/pass/tell.ts', 'if (known) await save({ ...known, told: marked(known.told, alert, result, group.length > 1) });', 'if (!known) await save(group[0]!.attempt);'],
  ['what an answer repeats of the signature is passed on', 'lib/io/dcs/answer.ts', 'const known = maskSecrets(text, [ak, sk, securityToken]).replace(ECHOES, \'$1$2[masked]\');', 'const known = [ak, sk, securityToken, ECHOES].length > 0 ? text : text;'],
]; // biome-ignore format: a table

export const MUTANTS: readonly Mutant[] = TABLE.map(([name, file, find, replace]) => ({ name, file, find, replace }));

/** The source with the rule broken. @throws when what is to be replaced is not there exactly once */
export function mutated(source: string, { name, file, find, replace }: Mutant): string {
  const [before, after, ...more] = source.split(find);
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`${file} does not have once what "${name}" replaces: ${find}`);
  return `${before}${replace}${after}`;
}
