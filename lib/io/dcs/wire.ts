import * as z from 'zod/mini';
import { canonicalCode } from '../../core/errors.ts';
import type { Details, Instance, PartVersion, Progress, Scope, Task, Versions } from '../../core/instance.ts';
import type { EpochMs } from '../../core/time.ts';
import { flag, list, listOf, number, type Page, type Sifted, sift, text } from './lenient.ts';

/** DCS API, ListInstances. `count` is `instance_num`: the total on some servers, the size of the page on others. */
export const InstancePage = listOf('instances', 'instance_num');

/** DCS API, ListBackgroundTask. `count` is `task_count`: text in the declaration, a number in the example. */
export const TaskPage = listOf('tasks', 'task_count');

const Tag = z.object({ key: z.pipe(z.union([z.string(), z.number()]), z.transform(String)), value: text });

export const WireInstance = z.object({
  instance_id: z.string().check(z.trim(), z.minLength(1)),
  name: text,
  status: text,
  engine: text,
  engine_version: text,
  spec_code: text,
  capacity: number,
  capacity_minor: number,
  max_memory: number,
  enterprise_project_id: text,
  tags: list,
  maintain_begin: text,
  maintain_end: text,
  service_upgrade: flag,
  service_task_id: text,
  cache_mode: text,
  product_type: text,
});

export type WireInstance = z.infer<typeof WireInstance>;

/** The items of an {@link InstancePage}. One without an id is skipped. */
export function instancesOf(page: Page, scope: Scope): Sifted<Instance> {
  const { items, skipped } = sift(WireInstance, page.rows);
  return { items: items.map((wire) => toInstance(wire, scope)), skipped };
}

/** DCS API, ShowInstance: the fields of the list, and those that stand here alone. */
export function shownIn(wire: WireInstance, scope: Scope): Instance & { details: Details } {
  const details = { cacheMode: wire.cache_mode || null, productType: wire.product_type || null };
  return { ...toInstance(wire, scope), details };
}

function toInstance(wire: WireInstance, scope: Scope): Instance {
  return {
    instanceId: wire.instance_id,
    name: wire.name || wire.instance_id,
    scope: scope.id,
    region: scope.region,
    project: scope.project,
    status: statusWord(wire.status),
    engine: wire.engine ?? '',
    engineVersion: wire.engine_version ?? '',
    specCode: wire.spec_code ?? '',
    capacityGb: wire.capacity || wire.capacity_minor || (wire.max_memory ?? 0) / 1024,
    enterpriseProjectId: wire.enterprise_project_id || '0',
    tags: Object.fromEntries(sift(Tag, wire.tags ?? []).items.map(({ key, value }) => [key, value ?? ''])),
    maintain: maintainOf(wire.maintain_begin, wire.maintain_end),
    upgrading: wire.service_upgrade ?? false,
    taskId: wire.service_task_id || null,
    versions: null,
    details: null,
  };
}

/** An absent status is a word too, and not RUNNING. */
function statusWord(word: string | null | undefined): string {
  return word ? word.toUpperCase() : 'UNKNOWN';
}

function maintainOf(begin: string | null | undefined, end: string | null | undefined): Instance['maintain'] {
  const [from, to] = [timeOfDay(begin), timeOfDay(end)];
  return from && to ? { begin: from, end: to } : null;
}

/** `18:00:00`, `18:00` or, in one sample, just `18`. */
function timeOfDay(word: string | null | undefined): string | null {
  const [, hours, minutes = '00', seconds = '00'] = /^(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?/.exec(word ?? '') ?? [];
  return hours === undefined ? null : `${hours.padStart(2, '0')}:${minutes}:${seconds}`;
}

export const WireVersions = z
  .object({
    engine_minor_version: text,
    latest_engine_minor_version: text,
    engine_minor_version_upgradable: flag,
    proxy_minor_version: text,
    latest_proxy_minor_version: text,
    proxy_minor_version_upgradable: flag,
  })
  // Without a flag there is no answer, and "not upgradable" would be a guess.
  .check(
    z.refine(
      (wire) =>
        typeof wire.engine_minor_version_upgradable === 'boolean' ||
        typeof wire.proxy_minor_version_upgradable === 'boolean',
    ),
  );

/** DCS API, ShowInstanceVersion. The flags are taken at their word; the version texts are not compared. */
export function versionsIn(wire: z.infer<typeof WireVersions>, readAt: EpochMs): Versions {
  const { engine_minor_version, latest_engine_minor_version, engine_minor_version_upgradable } = wire;
  const { proxy_minor_version, latest_proxy_minor_version, proxy_minor_version_upgradable } = wire;
  return {
    engine: partVersion(engine_minor_version, latest_engine_minor_version, engine_minor_version_upgradable),
    proxy: partVersion(proxy_minor_version, latest_proxy_minor_version, proxy_minor_version_upgradable),
    readAt,
  };
}

function partVersion(
  current: string | null | undefined,
  latest: string | null | undefined,
  upgradable: boolean | null | undefined,
): PartVersion {
  return { current: current || null, latest: latest || null, upgradable: upgradable ?? false };
}

const WireTask = z.pipe(
  z
    .object({ id: text, name: text, status: text, created_at: text, updated_at: text, error_code: text })
    .check(z.refine((wire) => Boolean(wire.id))),
  z.transform(
    (wire): Task => ({
      id: wire.id ?? '',
      name: wire.name ?? '',
      status: statusWord(wire.status),
      createdAt: instant(wire.created_at),
      updatedAt: instant(wire.updated_at),
      errorCode: wire.error_code ? canonicalCode(wire.error_code) : null,
    }),
  ),
);

/** The items of a {@link TaskPage}. One without an id is skipped. */
export function tasksOf(page: Page): Sifted<Task> {
  return sift(WireTask, page.rows);
}

/** ISO with or without zone (then UTC), or milliseconds. */
export function instant(word: string | null | undefined): EpochMs | null {
  if (!word) return null;
  const zoned = /(Z|[+-]\d{2}:?\d{2})$/i.test(word) ? word : `${word.replace(' ', 'T')}Z`;
  const at = /^\d{12,}$/.test(word) ? Number(word) : Date.parse(zoned);
  return Number.isNaN(at) ? null : at;
}

const Step = z.object({ step_status: text, sub_step_status: text, error_code: text });

/** DCS API, ShowBackgroundTaskProgress. It has no status of its own: a step that failed tells. */
export const TaskProgress: z.ZodMiniType<Progress> = z.pipe(
  z
    .object({ progress: number, remain_time: number, step_details: list })
    .check(z.refine((wire) => typeof wire.progress === 'number')),
  z.transform((wire) => ({
    percent: Math.min(100, Math.max(0, wire.progress ?? 0)),
    remainSeconds: typeof wire.remain_time === 'number' && wire.remain_time >= 0 ? wire.remain_time : null,
    failedCode: failedCode(wire.step_details ?? []),
  })),
);

function failedCode(rawSteps: readonly unknown[]): string | null {
  const subSteps = sift(z.object({ sub_step_details: list }), rawSteps).items.flatMap(
    (step) => step.sub_step_details ?? [],
  );
  const failed = sift(Step, [...subSteps, ...rawSteps]).items.filter(
    (step) => (step.sub_step_status ?? step.step_status) === 'FAILED',
  );
  const code = failed.find((step) => step.error_code)?.error_code;
  return failed.length === 0 ? null : canonicalCode(code ?? 'TASK.FAILED');
}

/** DCS API, UpgradeInstanceMinorVersion. Without a task id nothing is certain, whatever the status says. */
export const Accepted = z.object({
  task_id: z.pipe(
    z.pipe(
      z.union([z.string(), z.number()]),
      z.transform((id) => String(id).trim()),
    ),
    z.string().check(z.minLength(1)),
  ),
});
