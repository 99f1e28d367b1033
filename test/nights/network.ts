import { SECOND } from '../../lib/core/time.ts';
import { lagOf } from '../../lib/simulator/faults.ts';
import type { Answer } from '../../lib/simulator/wire.ts';
import { askCalendar, CALENDAR_HOST } from './calendar.ts';
import { living, never } from './machine.ts';
import type { Night } from './night.ts';
import { type Outcome, type Request, spoilt, type Trouble, throttled } from './spoilt.ts';

let isInUse = false;

/** Puts the night's network in the place of the platform's for as long as `work` runs. */
export async function withNetwork<T>(night: Night, work: () => Promise<T>): Promise<T> {
  if (isInUse) throw new Error('one night at a time: they would share the network');
  isInUse = true;
  const real = { fetch: globalThis.fetch, timeout: AbortSignal.timeout, any: AbortSignal.any };
  let deadline: { controller: AbortController; isForRequest: boolean; leave: () => void } | null = null;
  // The last one that was asked for before a request is of use to that request alone; all others limit more than one.
  AbortSignal.timeout = (ms) => {
    const one = { controller: new AbortController(), isForRequest: false, leave: () => {} };
    deadline = one;
    night.timeline.after(ms, () => {
      if (!one.isForRequest || night.pending.has(one.controller)) one.controller.abort(timeoutError());
    });
    return one.controller.signal;
  };
  // Asked for in between, with what limits the whole run before that request's own limit: one signal does for both.
  AbortSignal.any = (signals) => {
    const [whole] = signals;
    const { controller } = deadline!;
    const relay = () => controller.abort(whole!.reason);
    if (whole!.aborted) relay();
    else whole!.addEventListener('abort', relay, { once: true });
    deadline!.leave = () => whole!.removeEventListener('abort', relay);
    return controller.signal;
  };
  globalThis.fetch = ((input: URL | string, init: RequestInit) => {
    const { controller, leave } = deadline!;
    deadline!.isForRequest = true;
    night.pending.add(controller);
    return request(night, new URL(input), init).finally(() => {
      night.pending.delete(controller);
      leave();
    });
  }) as typeof fetch;
  try {
    return await work();
  } finally {
    isInUse = false;
    globalThis.fetch = real.fetch;
    AbortSignal.timeout = real.timeout;
    AbortSignal.any = real.any;
  }
}

/** One for all: making it costs more than most of what it ends. */
const TIMEOUT = new DOMException('The operation was aborted due to timeout', 'TimeoutError');

export function timeoutError(): DOMException {
  return TIMEOUT;
}

async function request(night: Night, url: URL, init: RequestInit): Promise<Response> {
  const life = living.getStore()!;
  const name = night.begin(life);
  if (!name || night.dies(life, `${name}/before`, short(night, url))) return never();
  const body = await bodyOf(night, init.body);
  const headers = { ...(init.headers as Record<string, string>), host: url.host };
  const sent: Request = { life, name, method: init.method ?? 'GET', url, headers, body };
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  init.signal?.addEventListener('abort', () => reject(init.signal!.reason), { once: true });
  void throughDcs(night, sent).then((outcome) => {
    if (life.isDead || outcome === 'hang') return;
    if (outcome === 'reset') reject(broken('ECONNRESET'));
    else if (outcome === 'refused') reject(broken('ECONNREFUSED'));
    else resolve(responseOf(outcome));
  });
  try {
    return await promise;
  } finally {
    if (life.isDead) await never();
  }
}

async function bodyOf(night: Night, body: RequestInit['body']): Promise<Uint8Array> {
  if (typeof body === 'string') return new TextEncoder().encode(body);
  if (!body) return new Uint8Array();
  night.timeline.busy += 1;
  try {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body as ReadableStream<Uint8Array>) chunks.push(chunk);
    return Buffer.concat(chunks);
  } finally {
    night.timeline.busy -= 1;
  }
}

function broken(code: string): TypeError {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
}

function responseOf({ status, headers, body }: Answer): Response {
  const get = (name: string) => headers[name.toLowerCase()] ?? null;
  const chunks = body === '' ? null : [new TextEncoder().encode(body)];
  return { status, ok: status >= 200 && status < 300, headers: { get }, body: chunks && Object.assign(chunks, { cancel: async () => {} }) } as unknown as Response; // biome-ignore format: one thought
}

async function throughDcs(night: Night, sent: Request): Promise<Outcome> {
  if (sent.url.hostname === CALENDAR_HOST) return askCalendar(night, sent.life, sent.name);
  return sent.url.pathname.endsWith('/upgrade') ? call(night, sent) : read(night, sent);
}

async function read(night: Night, sent: Request): Promise<Outcome> {
  const { life, name } = sent;
  const leftAt = night.timeline.now;
  await night.timeline.sleep(night.latency(life, name));
  const trouble = troubleOf(night, sent);
  life.readAt.set(idIn(sent.url), night.timeline.now);
  const isBackup = sent.method === 'POST' && sent.url.pathname.endsWith('/backups');
  // Who is told that there is nothing, or to come again, has begun nothing.
  const isKeptOut = isBackup && (trouble === 'throttled' || trouble === 'unauthorized' || trouble === 'not_found');
  const began = isBackup ? backupsOf(night, sent).length : 0;
  const answer = isKeptOut ? (spoilt(night, sent, OK, trouble) as Answer) : night.simulator.handle(simulated(sent));
  if (isBackup && backupsOf(night, sent).length > began) night.judge.backedUp(life, leftAt, idIn(sent.url));
  if (trouble) night.counts.troubledReads += 1;
  if (showsThePast(night, sent.url)) night.counts.staleReads += 1;
  night.note(
    life.name,
    () => `${sent.method} ${short(night, sent.url)} → ${said(answer)}${trouble ? ` (${trouble})` : ''}`,
  );
  if (!trouble || trouble === 'slow') night.judge.wasTold(life, sent.url.pathname, answer);
  const back =
    night.latency(life, `${name}/back`) + (trouble === 'slow' ? (2 + night.draw(`${name}/slow`) * 14) * SECOND : 0);
  await night.timeline.sleep(back);
  night.dies(life, `${name}/after`, sent.url.pathname);
  return spoilt(night, sent, answer, trouble);
}

const OK: Answer = { status: 200, headers: {}, body: '{}' };

function idIn({ pathname }: URL): string {
  return pathname.split('/')[4] ?? '';
}

function backupsOf({ simulator }: Night, { url }: Request) {
  return simulator.world.instances.get(idIn(url))?.backups ?? [];
}

/** That there is nothing is said of an instance alone. */
function troubleOf(night: Night, { name, url }: Request): Trouble | null {
  const trouble = night.weather('reads', name)?.trouble ?? null;
  return trouble === 'not_found' && !night.simulator.world.instances.has(idIn(url)) ? null : trouble;
}

/** Whether the instance changed so short a time ago that its reads do not show it yet. */
function showsThePast({ simulator, timeline: { now } }: Night, url: URL): boolean {
  const instance = simulator.world.instances.get(idIn(url));
  const lag = instance ? lagOf(instance) : 0;
  const isRecent = (at: number | null) => at !== null && at <= now && now < at + lag;
  return lag > 0 && instance!.upgrades.some(({ acceptedAt, endsAt }) => isRecent(acceptedAt) || isRecent(endsAt));
}

/** Whatever becomes of the process that sends it: what has left, arrives. */
async function call(night: Night, sent: Request): Promise<Outcome> {
  const { life, name } = sent;
  const death = night.nextCall();
  const where = `POST ${short(night, sent.url)}`;
  if (death.before) {
    night.kill(life, `${where}, before it left`);
    return 'hang';
  }
  const leftAt = night.timeline.now;
  const trouble = night.weather('calls', name)?.trouble ?? null;
  if (death.after) night.timeline.after(1, () => night.kill(life, `${where}, after it left`));
  if (trouble === 'not_sent' || trouble === 'lost_before' || trouble === 'throttled')
    night.judge.inVain.push(idIn(sent.url));
  if (trouble === 'not_sent') return noted(night, sent, 'refused', trouble);
  const late = trouble === 'late' ? (10 + night.draw(`${name}/late`) * 8) * SECOND : 0;
  await night.timeline.sleep(night.latency(life, name) + late);
  if (trouble === 'lost_before') return noted(night, sent, 'reset', trouble);
  if (trouble === 'throttled') return noted(night, sent, throttled(night, name), trouble);
  const began = night.simulator.world.upgrades.length;
  const answer = night.simulator.handle(simulated(sent));
  const upgrade = night.simulator.world.upgrades[began] ?? null;
  if (upgrade && (trouble || typeof answer === 'string')) night.counts.lostAnswers += 1;
  noted(night, sent, answer, trouble);
  const called = night.judge.called(life, leftAt, night.simulator.posts.at(-1)!, upgrade);
  await night.timeline.sleep(night.latency(life, `${name}/back`));
  night.dies(life, `${name}/after`, where);
  if (called && !trouble && typeof answer !== 'string' && !life.isDead) called.answered = upgrade === null || answer.body.includes(upgrade.taskId); // biome-ignore format: one thought
  return spoilt(night, sent, answer, trouble);
}

function noted<T extends Outcome>(night: Night, { life, url }: Request, outcome: T, trouble: Trouble | null): T {
  night.note(life.name, `POST ${short(night, url)} → ${said(outcome)}${trouble ? ` (${trouble})` : ''}`);
  return outcome;
}

function simulated({ method, url, headers, body }: Request) {
  return { method, target: `${url.pathname}${url.search}`, headers, body };
}

function said(outcome: Outcome): string {
  if (typeof outcome === 'string') return outcome;
  const code = /"error_code":"([^"]+)"/.exec(outcome.body)?.[1];
  return code ? `${outcome.status} ${code}` : String(outcome.status);
}

/** Without host and project, with names in the place of ids. */
export function short(night: Night, { pathname, search, hostname }: URL): string {
  if (hostname === CALENDAR_HOST) return 'calendar';
  const path = pathname.replace(/^\/v2\/p\d\/instances/, '');
  return `${path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, (id) => night.simulator.world.instances.get(id)?.spec.name ?? id).replace(/[0-9a-f]{26}\b/, '…')}${path === '' ? `instances${search.slice(0, 9)}` : ''}`;
}
