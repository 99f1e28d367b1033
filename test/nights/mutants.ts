/** A safety rule that is broken on purpose: one text of one file, put in the place of another that is there exactly once. */
export interface Mutant extends Edit {
  name: string;
  /** Where a rule is kept in two places, each of which would do: what has to be broken as well. */
  also?: Edit[];
}

interface Edit {
  file: string;
  find: string;
  replace: string;
}

const START = 'lib/pass/start.ts';
const PREFLIGHT = 'lib/pass/preflight.ts';
const FOLLOW = 'lib/core/follow.ts';
const GATES = 'lib/core/gates.ts';
const LIMITS = 'lib/core/limits.ts';
const ROLLOUT = 'lib/core/rollout.ts';
const ATTEMPT = 'lib/core/attempt.ts';
const LOAD = 'lib/core/load.ts';
const APPROVAL = 'lib/core/approval.ts';
const RUNS = 'lib/http/runs.ts';
const ALERT_HOLD = 'lib/core/alert-hold.ts';
const FEEDS = 'lib/io/feeds.ts';
const WORKER = 'handlers/worker.ts';
const SQS = 'lib/io/dispatch/sqs.ts';
const SEND = 'lib/io/alerts/send.ts';
const WEBHOOK = 'lib/io/alerts/forms/webhook.ts';
const DELIVERY = 'lib/pass/delivery.ts';
const LETTERS = 'lib/pass/letters.ts';

/** Name, file, what stands there, what stands there instead. */
type Row = readonly [
  name: string,
  file: string,
  find: string,
  replace: string,
  ...also: [file: string, find: string, replace: string][],
];

const TABLE: readonly Row[] = [
  // Claim, call, save
  ['the claim is left out', START, 'return (await deps.ledger.claim(attempt, lease!)) ? attempt : null;', 'return attempt;'],
  // Lease and claim guard the same: either is enough to keep the other's absence from being seen, so both are broken here.
  ['a claim that another wrote is taken for ours', 'lib/io/ledger/memory.ts', 'if (this.#documents.attempt.has(attempt.id)) return false;', '', ['lib/io/ledger/memory.ts', 'if (this.#lease?.fence !== lease.fence) throw new StaleLeaseError();', '']],
  ['whoever writes last is right', 'lib/io/ledger/memory.ts', 'if (stored?.rev !== attempt.rev) return null;', 'if (!stored) return null;'],
  ['an accepted call is not written down', FOLLOW, "      state: 'running',\n      taskId: answer.taskId,", "      state: 'claimed',\n      taskId: answer.taskId,"],
  // Look before you repeat
  ['a call is repeated after a time-out', FOLLOW, "      error,\n    });\n  }\n  if (answer.rule.class === 'adopt')", "      lookUntil: null,\n      error,\n    });\n  }\n  if (answer.rule.class === 'adopt')"],
  ['the client sends a call again when its answer is lost', 'lib/io/dcs/caller.ts', 'return this.#try(\'POST\', call, body, this.#options.clock.now() + this.#timeouts.postLeavesWithin, true);', 'const send = () => this.#try(\'POST\', call, body, this.#options.clock.now() + 5_000, true);\n    return send().then((tried) => (\'failure\' in tried ? send() : tried));'],
  ['a server that failed is taken at its word', 'lib/io/dcs/once.ts', "return status >= 300 && status < 500 && status !== 408 && kind !== 'server' && kind !== 'transport';", 'return status >= 300;'],
  ['a look is no longer than the call', START, 'const lookUntil = now + CALL_WITHIN + CALL_LASTS + order.policy.limits.sightLag;', 'const lookUntil = now;'],
  ['the task list is not looked at', FOLLOW, "if (seen.upgrading || seen.status === 'UPGRADING' || task) {", "if (seen.upgrading || seen.status === 'UPGRADING') {"],
  ['what is listed no more was never begun', FOLLOW, "      taskEndedAt: seen.at,\n    },\n  );\n}", "      state: 'claimed',\n      taskId: null,\n      lookUntil: null,\n    },\n  );\n}"],
  ['calls are not counted', START, 'const calls = (order.earlier?.calls ?? 0) + 1;', 'const calls = 1;'],
  ['what took too long to write down is called all the same', PREFLIGHT, "return now - announcedAt > CALL_WITHIN ? 'writing the claim took too long' : null;", 'return null;'],
  ['what was read long ago is good enough for a call', PREFLIGHT, 'now - holdsSince > HOLDS_WITHIN', 'holdsSince > now + HOLDS_WITHIN'],
  ['three calls are no bound', GATES, 'if (!isOpen(attempt) || attempt.calls >= MOST_CALLS)', 'if (!isOpen(attempt))'],
  ['what was refused for good is asked again', FOLLOW, "const passes = retry !== 'never' || stops === 'scope';", "const passes = retry !== attempt.id || stops === 'scope';"],
  ['one answer that it is gone is believed', FOLLOW, 'if (at < attempt.goneAt + sightLag + (host === attempt.goneOn ? 0 : CLOCKS_DIFFER)) return attempt;', '', [FOLLOW, "return noted(attempt, at, 'the instance does not exist: looking again', { goneAt: at, ...on });", 'void 0;']],
  ['another clock cuts the look short', FOLLOW, 'const until = attempt.lookUntil + (host === attempt.calledOn ? 0 : CLOCKS_DIFFER);', 'const until = attempt.lookUntil + (host === attempt.calledOn ? 0 : 0 * CLOCKS_DIFFER);'],
  ['a scope that refuses all is called on', 'lib/pass/tell.ts', "const isSpent = during === 'call' && ", "const isSpent = during === 'never' && "],
  // Windows, freezes, holds
  ['the last start is a minute late', GATES, 'if (need <= left) return null;', 'if (need <= left + MINUTE) return null;'],
  ['a window opens five minutes early', 'lib/core/window.ts', 'return piece && piece.opens <= instant ? opening(index, piece) : null;', 'return piece && piece.opens - 300_000 <= instant ? opening(index, piece) : null;'],
  ['freezes are forgotten', 'lib/core/freeze.ts', 'return policy.freezes.find((freeze) => covers(freeze, at) && concerns(freeze, instance, part)) ?? null;', 'return null;'],
  ['a freeze ends ten minutes early', 'lib/core/freeze.ts', 'return policy.freezes.find((freeze) => covers(freeze, at) && concerns(freeze, instance, part)) ?? null;', 'return policy.freezes.find((freeze) => covers(freeze, at + 600_000) && concerns(freeze, instance, part)) ?? null;'],
  ['holds are forgotten', 'lib/core/hold.ts', 'return holds.find((hold) => isInForce(hold, now) && covers(hold.match, instance, wave)) ?? null;', 'return null;'],
  ['holds on a tag are forgotten', 'lib/core/hold.ts', 'tags.every(([key, value]) => instance.tags[key] === value),', 'tags.length === 0,'],
  ['holds are not read again before a call', PREFLIGHT, 'const holds = await holdsNow(deps.ledger, policy, holdsSince);', 'const holds: Hold[] = [];'],
  ['a broken policy starts what the last good one says', 'lib/reconcile.ts', 'if (state.problem === null) {', 'if (state.policy) {'],
  ['a tag that opts out is not read', 'lib/core/selection.ts', 'if (tag !== undefined && OFF.includes(tag.trim().toLowerCase())) {', 'if (tag === OFF[99]) {'],
  ['what is at something else is called', GATES, "if (instance.status !== 'RUNNING')", "if (instance.status === 'UPGRADING')"],
  ['what was decided is not asked again before the call', 'lib/core/recheck.ts', 'if (no) return no.detail;', '', ['lib/core/recheck.ts', 'const found = calendarOf(standing).at(now)!;', 'const found = calendarOf(standing).at(now) ?? { ...opening, windows: [] };']],
  ['a start is made without time to record it', START, 'await preflight(deps, given, signal);', 'await preflight(deps, given);', [START, 'order.slot.opening, clock.now(), signal);', 'order.slot.opening, clock.now());']],
  // Limits
  ['one more than limits.parallel', LIMITS, 'if (this.#inFlight >= limits.parallel)', 'if (this.#inFlight > limits.parallel)'],
  ['one more than limits.perScope', LIMITS, '(this.#perScope.get(instance.scope) ?? 0) >= limits.perScope', '(this.#perScope.get(instance.scope) ?? 0) > limits.perScope'],
  ['one more than limits.perWindow', LIMITS, 'this.#startedIn(opening) >= limits.perWindow', 'this.#startedIn(opening) > limits.perWindow'],
  ['one more than a wave may have', LIMITS, "(this.#perWave.get(wave?.wave ?? '') ?? 0) >= waveLimit", "(this.#perWave.get(wave?.wave ?? '') ?? 0) > waveLimit"],
  ['two instances of one application at once', LIMITS, 'find((group) => this.#groups.has(group));', 'find(() => false);'],
  ['an unknown outcome takes no place', ATTEMPT, "(attempt.state === 'claimed' && attempt.lookUntil !== null)", 'false'],
  ['what was begun counts in its window only while it runs', LIMITS, 'attempt.calls > 0 || isInFlight(attempt)', 'isInFlight(attempt)'],
  ['a backup takes no place', ATTEMPT, '    isBackingUp(attempt) ||\n', ''],
  ['a wave takes one more', 'lib/core/selection.ts', 'return ranked.slice(0, count).map', 'return ranked.slice(0, count + 1).map'],
  // The rollout
  ['waves are not asked', GATES, 'const closed = waves.get(waveOf(assignment)!)?.closed;', 'const closed = null as WaveState[\'closed\'] | null;'],
  ['versions are not read anew when an opening begins', 'lib/reconcile.ts', 'report.opening?.opens ?? null,', 'null,'],
  ['no soak', ROLLOUT, 'if (last === 0 || scene.now >= until) return null;', 'if (until > 0) return null;'],
  ['what is being upgraded does not keep the next wave closed', ROLLOUT, 'if (standing.inFlight) return standing.isNamed && isStuck(standing);', 'if (standing.inFlight) return true;'],
  ['a hold by the program opens the next wave', 'lib/core/stock.ts', 'scene.holds.filter(acknowledges);', 'scene.holds;'],
  ['the error budget is forgotten', ROLLOUT, 'if (counted.length < maxErrors) return [];', 'return [];'],
  ['failures are counted tick by tick', ROLLOUT, 'attempt.finishedAt! > releasedAt(scene, id)', 'attempt.finishedAt! > scene.now - MINUTE'],
  ['what cannot be verified is no failure', ATTEMPT, "return attempt.state === 'failed' || attempt.state === 'unverified';", "return attempt.state === 'failed';"],
  ['what waits for a worker takes no place', ATTEMPT, "    isHanded(attempt) ||\n", ''],
  ['a version that nobody has tried is rolled out', PREFLIGHT, "return engine.to !== targetOf(policy, instance, 'engine').to || proxy.to !== targetOf(policy, instance, 'proxy').to;", 'return engine.to === null && proxy.to === null;'],
  // Gates
  ['a load that is too high passes', LOAD, 'if (reading.highest < limit) return null;', 'return null;'],
  ['a load that nobody knows passes', LOAD, 'if (reading === null) {', 'if (reading === null) return null;\n  if (!reading) {'],
  ['a load of long ago passes', LOAD, 'if (now - reading.at > FRESH) {', 'if (reading.at < 0) {'],
  ['a gate that cannot be read passes', 'lib/pass/gauge.ts', "return { no: { reason: 'gate_unknown', detail }, failure };", 'return { no: null, failure: detail ? null : failure };'],
  ['an old backup passes', LOAD, 'if (now - at < youngerThan) return null;', 'if (at < now + youngerThan) return null;'],
  ['a backup that was never made passes', LOAD, 'const at = lastGood(backups);', 'const at = lastGood(backups) ?? now;'],
  ['a backup whose answer was lost is asked for again', 'lib/core/backup-first.ts', 'const until = ask.lookUntil + (host === ask.askedOn ? 0 : CLOCKS_DIFFER);', 'const until = ask.askedAt;'],
  ['a backup that came to nothing is asked for again', 'lib/core/backup-first.ts', "if (ask?.state === 'failed')", 'if (!instance)'],
  ['a backup is asked for without a trace', 'lib/pass/back-up.ts', 'const written = order.earlier ? await deps.ledger.save(attempt) : await claimed(deps, attempt, lease);', 'const written = attempt;'],
  // Approvals
  ['nobody is asked for approval', GATES, "if (assignment.kind !== 'wave' || !assignment.wave.approve ||", "if (assignment.kind === 'wave' || !assignment.wave.approve ||"],
  ['an approval outlives its opening', APPROVAL, 'const isFor = approval && now < approval.opening.closes && (!opening || overlaps(opening, approval.opening));', 'const isFor = approval && (!opening || overlaps(opening, opening));'],
  ['an approval is good for whatever comes', APPROVAL, 'if (approval.items.includes(itemOf(policy, instance))) return null;', 'if (approval.items.length > 0 || !itemOf(policy, instance)) return null;'],
  ['any hash approves the plan', 'lib/operations.ts', 'if (!plan || found !== hash)', 'if (!plan)'],
  // Holds of other kinds, who only looks, and silence
  ['a hold on a region holds nothing', 'lib/core/hold.ts', 'region === undefined || region === instance.region,', 'region === undefined,'],
  ['a hold on a wave that is not there holds nothing', 'lib/core/hold.ts', 'if (wave === undefined || waves.includes(wave) || hold.match.all) return hold;', 'if (waves.length >= 0) return hold;'],
  ['an instance’s own tag holds nothing', GATES, 'if (until === null || scene.now >= until) return null;', 'if (until !== undefined) return null;'],
  ['a hold that has ended holds on', 'lib/core/hold.ts', '(hold.until === null || now < hold.until);', '(hold.until === null || isByPerson(hold) || now < hold.until);'],
  ['a broken policy begins what was handed over', 'lib/pass/work.ts', "if (state.problem !== null) return giveBack(deps, attempt, 'there is no valid policy');", "if (!state.policy) return giveBack(deps, attempt, 'there is no valid policy');"],
  ['who only looks begins upgrades', 'lib/reconcile.ts', '    if (options.dryRun) return;\n', '', ['lib/reconcile.ts', 'isOpen && !options.dryRun ? await', 'isOpen ? await']],
  ['a broken policy is told to nobody', 'lib/pass/tell.ts', 'if (problem !== null) raised.push({ alert: policyAlert(problem, now), grace: 0 });', ''],
  ['that something is over is told to nobody', 'lib/pass/conditions.ts', 'const isToTell = isLast && ', 'const isToTell = isLast === null && '],
  ['what the program holds is told to nobody', 'lib/reconcile.ts', 'const alert = holdAlert(hold, report.now, held);\n    if (alert)', 'const alert = holdAlert(hold, report.now, held);\n    if (alert?.event === \'failed\')'],
  ['a code that nobody knows is told to nobody', 'lib/pass/tell.ts', 'if (!isKnown(code))', 'if (!code)'],
  ['that a failure is over is told to nobody', 'lib/pass/tell.ts', 'if (gathered.failed?.length)', 'if (gathered.failed?.length === -1)'],
  ['what came of an opening is told to nobody', 'lib/pass/digest.ts', 'await deps.ledger.putCondition({ key: alert.key, alert, toldAt: null });', ''],
  // Orders
  ['an order skips the look at what runs', GATES, "if (instance.status !== 'RUNNING')\n", "if (instance.status !== 'RUNNING' && !scene.overrides?.has(instance.instanceId))\n"],
  ['an order skips holds', GATES, 'function notHeld({ hold, assignment }: Standing, { scene }: Context): No | null {\n', 'function notHeld({ hold, assignment, instance }: Standing, { scene }: Context): No | null {\n  if (scene.overrides?.has(instance.instanceId)) return null;\n'],
  ['an order skips the gates', GATES, "return no && no.backup !== 'lacking' ?", "return no && no.backup !== 'lacking' && !scene.overrides?.has(instance.instanceId) ?", [PREFLIGHT, 'const gated = policy.gates && (await', 'const gated = !isOverride(order.slot.opening) && policy.gates && (await'], ['lib/core/decide.ts', 'const lacking = scene.gates?.get(instanceId);', 'const lacking = scene.overrides?.has(instanceId) ? null : scene.gates?.get(instanceId);']],
  ['an order is good for ever', 'lib/core/override.ts', 'closes: now + STARTS_WITHIN + need,', 'closes: now + 9 * STARTS_WITHIN + need,'],
  ['an order skips what it did already', GATES, 'const opening = context.calendarOf(standing).at(now)!;\n  const attempt', 'const opening = context.calendarOf(standing).at(now)!;\n  if (context.scene.overrides?.has(standing.instance.instanceId)) return null;\n  const attempt'],
  ['the same key makes another run', RUNS, 'return stored.order === mine.order && stored.runId !== undefined ? stored.runId : null;', 'return stored.order === mine.order ? run.id : null;'],
  ['a key stands for any request', RUNS, 'return stored.order === mine.order && stored.runId !== undefined ? stored.runId : null;', 'return stored.runId ?? null;'],
  ['a request does not ask whether its key is taken', RUNS, 'if (await ledger.putNoteIfAbsent(name, text, until)) return run.id;', 'if ((await ledger.note(name)) === null) {\n    await ledger.putNote(name, text, until);\n    return run.id;\n  }'],
  ['any key is good for anything', 'handlers/middleware.ts', 'return right === null || rights.includes(right);', 'return right === null || rights.length > 0;'],
  ['no key is needed', 'handlers/middleware.ts', 'if (right === null) return;', 'if (right === null || right !== event.path) return;'],
  ['an order that no worker takes waits for ever', 'lib/http/orders.ts', 'run.answer !== undefined && run.doneAt === null', 'run.answer === undefined && run.doneAt === null'],
  ['what came of an order is not written down', 'lib/http/orders.ts', 'await saveRun(deps.ledger, { ...run, doneAt: deps.clock.now() });', 'await saveRun(deps.ledger, run);'],
  // Alerts from outside
  ['what alerts hold is forgotten', ALERT_HOLD, 'return holds.filter(({ until }) => until! > now);', 'return holds.filter(({ until }) => until! < now);'],
  ['the end of one alert is the end of others', ALERT_HOLD, '.filter(({ id }) => id === claim.id ||', '.filter(({ by, id }) => by === claim.by ||'],
  ['what an alert holds is over too early', ALERT_HOLD, 'const until = saidAt + ttl;', 'const until = saidAt + ttl / 9;'],
  ['what an alert holds opens the next wave', 'lib/core/hold.ts', 'const PROGRAMS = /^(system|ledger|alert:.*)$/;', 'const PROGRAMS = /^(system|ledger)$/;'],
  // Calendars
  ['a calendar that cannot be read is empty', FEEDS, 'return { stretches: null, problem };', 'return { stretches: [], problem };'],
  ['what cannot be read freezes nothing', 'lib/core/freeze.ts', "(stretchAt(span.stretches, at)?.from ?? at + 1) <= at : span.onError === 'closed';", "(stretchAt(span.stretches, at)?.from ?? at + 1) <= at : span.onError === 'open';"],
  ['what stands in the calendar is forgotten', FEEDS, 'return { stretches, problem: null };', 'return { stretches: stretches.slice(stretches.length), problem: null };'],
  ['a calendar is read once a day', FEEDS, 'const LASTS = 10 * MINUTE;', 'const LASTS = DAY;'],
  // The functions and their queue
  ['what failed with an error need not come again', WORKER, 'await alarm(error);\n        return false;', 'await alarm(error);\n        return true;'],
  ['what nobody can read is thrown away', WORKER, 'messages.map((message) => message !== null && done(message))', 'messages.map((message) => message === null || done(message))'],
  ['two orders of one batch share a holder', WORKER, "const own = message.kind === 'run' ? await pass() : ready;", 'const own = ready;'],
  ['a tick makes passes until it is killed', 'handlers/tick.ts', 'const RESERVE = 45_000;', 'const RESERVE = 0;'],
  ['what the queue refuses is forgotten', SQS, 'refused.push(batch[Number(Id)]!);', ''],
  ['more is sent at once than the queue takes', SQS, 'const BATCH = 10;', 'const BATCH = 25;'],
  // Done means verified, and told
  ['a word that is not known is success', 'lib/core/instance.ts', "return 'running';\n}", "return 'succeeded';\n}"],
  ['a failed task is still running', 'lib/core/instance.ts', "['FAILED', 'FAIL',", "['FAIL',"],
  ['the version is not looked at', FOLLOW, 'const isUp = missing.length === 0 && isAtRest(seen);', 'const isUp = isAtRest(seen);'],
  ['what runs is followed in its window only', 'lib/pass/follow.ts', 'else if (isInFlight(attempt)) {', 'else if (isInFlight(attempt) && deps.clock.now() < attempt.opening.closes) {'],
  ['what never ends is nobody’s matter', FOLLOW, 'if (attempt.timedOutAt !== null || now < since + limits.timeout) return attempt;', 'if (since > 0) return attempt;'],
  ['failures are not told', 'lib/core/alert-attempt.ts', "holds: (attempt) => attempt.state === 'failed',", 'holds: () => false,'],
  ['what was told is not written down', 'lib/pass/tell.ts', 'if (known) await save({ ...known, told: marked(known.told, alert, result, cause.length > 1) });', 'if (!known) await save(group[0]!.attempt);'],
  ['what an answer repeats of the signature is passed on', 'lib/io/dcs/answer.ts', 'const known = maskSecrets(text, [ak, sk, securityToken]).replace(ECHOES, \'$1$2[masked]\');', 'const known = [ak, sk, securityToken, ECHOES].length > 0 ? text : text;'],
  ['who was down is told nothing of what it missed', 'lib/core/marks.ts', 'return [...others, ...(complete ? [what]', 'return [...others, ...(others ? [what]'],
  ['what is not RUNNING yet is verified', FOLLOW, 'const isUp = missing.length === 0 && isAtRest(seen);', 'const isUp = missing.length === 0;'],
  ['what ends is verified at once or not at all', FOLLOW, 'if (seen.at < attempt.taskEndedAt! + limits.settle + patience) return attempt;', 'if (seen.at < attempt.taskEndedAt!) return attempt;'],
  ['an end that cannot be verified is not told', 'lib/core/alert-attempt.ts', "holds: (attempt) => attempt.state === 'unverified',", 'holds: () => false,'],
  // Receivers of alerts
  ['a receiver that failed has what it missed', DELIVERY, 'const taken = to.filter((name) => !failed.includes(name));', 'const taken = failed.length > 0 ? to : [...to];'],
  ['a code that says no under a good status is a yes', SEND, 'if (isGood && !refusal) return;', 'if (isGood) return;'],
  ['who asks to be left alone is asked again at once', SEND, 'const isBusy = status === 429 || status === 503;', 'const isBusy = status === 0;'],
  ['who asks to be left alone is asked by the next pass', DELIVERY, 'notBefore: now + rest,', 'notBefore: now,'],
  ['an alert is signed with the instant of its fact', SEND, 'form.request(target, alert, clock.now());', 'form.request(target, alert, alert.at);'],
  ['a webhook is not signed', WEBHOOK, ", headers: signedHeaders(secret ?? '', messageId(alert), now, body) };", ' };'],
  ['all that is told of one event is one message', WEBHOOK, 'export function messageId(alert: Alert): string {', "export function messageId(alert: Alert): string {\n  if (alert.at > 0) return 'msg_' + alert.event;"],
  ['what is refused once is given up', LETTERS, 'const MOST_TRIES = 5;', 'const MOST_TRIES = 1;'],
  ['what is given up is not said', LETTERS, "if (isDead) log('error', 'alert_given_up', { target: name, alert });", ''],
  ['the log shows where alerts go', 'lib/io/alerts/notifier.ts', "log('warn', 'alert_not_delivered', { target: name,", "log('warn', 'alert_not_delivered', { target: target?.url ?? name,"],
]; // biome-ignore format: a table

export const MUTANTS: readonly Mutant[] = TABLE.map(([name, file, find, replace, ...also]) => ({
  name,
  file,
  find,
  replace,
  also: also.map(([file, find, replace]) => ({ file, find, replace })),
}));

/** The source with the rule broken. @throws when what is to be replaced is not there exactly once */
export function mutated(source: string, { file, find, replace }: Edit, name = file): string {
  const [before, after, ...more] = source.split(find);
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`${file} does not have once what "${name}" replaces: ${find}`);
  return `${before}${replace}${after}`;
}
