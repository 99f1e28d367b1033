import type * as z from 'zod/mini';
import type { Policy, Problem } from './policy.ts';
import { build, type Draft } from './policy-build.ts';
import { type Env, isMapping, type Path, prepare, variableOf } from './policy-prepare.ts';
import { allowedBy, badValue, pathText, problemsOf, valueAt, withoutEchoes } from './policy-problems.ts';
import { policySchema } from './policy-schema.ts';

/** More than a person reads; a document of nonsense would have one for every line. */
const MOST_PROBLEMS = 100;

/**
 * Reads a policy from what YAML or JSON gave. Either it is good as a whole, or every problem is named at once.
 * `env:NAME` is resolved from `env`; no problem ever shows a value that came from there. Async because the libraries
 * for `cron` and `rrule` windows are loaded only when a policy has such windows.
 */
export async function parsePolicy(raw: unknown, env: Env): Promise<{ policy: Policy } | { problems: Problem[] }> {
  if (!isMapping(raw)) return { problems: [badValue([], raw, 'a mapping')] };
  const { value, problems, resolved } = prepare(raw, env);
  const schema = policySchema();
  const parsed = schema.safeParse(value, { error: allowedBy });
  if (!parsed.success) problems.push(...withoutEchoes(problems, problemsOf(parsed.error.issues, raw, schema)));
  problems.push(...plainSecrets(raw));
  const found: Problem[] = [];
  const waveNames = namesOfWaves(raw.rollout);
  const draft = parsed.success ? { ...parsed.data, waveNames } : salvage(value as Record<string, unknown>, waveNames);
  const policy = await build(draft, env, (path, message, hint = null) => {
    found.push({
      path,
      message: unresolve(`${pathText(path)}: ${message}`, resolved),
      hint: hint && unresolve(hint, resolved),
    });
  });
  problems.push(...withoutEchoes(problems, found));
  return problems.length === 0 ? { policy } : { problems: problems.slice(0, MOST_PROBLEMS) };
}

/** Puts the names of variables back where their values stand. */
function unresolve(text: string, resolved: ReadonlyMap<string, string>): string {
  let result = text;
  for (const [value, written] of resolved) result = result.replaceAll(value, written);
  return result;
}

function namesOfWaves(rollout: unknown): (string | null)[] {
  if (!Array.isArray(rollout)) return [];
  return rollout.map((item: unknown) => (isMapping(item) && typeof item.wave === 'string' ? item.wave : null));
}

/** A secret in the policy file would end up in a repository. */
function plainSecrets(raw: Record<string, unknown>): Problem[] {
  const targets = Array.isArray(raw.notify) ? raw.notify : [];
  return targets.flatMap((_, index) =>
    SECRETS.flatMap((key): Problem[] => {
      const path: Path = ['notify', index, key];
      const secret = valueAt(raw, path);
      if (secret === undefined || variableOf(secret) !== null) return [];
      const message = `a ${key === 'secret' ? 'secret' : 'key'} must not stand in the policy`;
      return [{ path, message, hint: `write ${key}: env:NAME, and set that variable` }];
    }),
  );
}

const SECRETS = ['secret', 'routingKey'] as const;

/** What has its shape in a policy that as a whole has not, so that the other checks can be made on it all the same. */
function salvage(value: Record<string, unknown>, waveNames: Draft['waveNames']): Draft {
  const { shape } = policySchema();
  const keep = (schema: z.ZodMiniType, item: unknown): unknown => schema.safeParse(item).data ?? null;
  const items = (schema: z.ZodMiniType, list: unknown): unknown[] =>
    Array.isArray(list) ? list.map((item) => keep(schema, item)) : [];
  const windows = isMapping(value.windows) ? value.windows : {};
  const scopes = Array.isArray(value.scopes) ? items(shape.scopes.def.innerType.def.element, value.scopes) : undefined;
  return {
    version: 1,
    timezone: keep(shape.timezone, value.timezone),
    scopes: value.scopes === undefined ? undefined : (scopes ?? []),
    upgrade: keep(shape.upgrade, value.upgrade) ?? shape.upgrade.parse(undefined),
    select: keep(shape.select, value.select) ?? shape.select.parse(undefined),
    windows: Object.fromEntries(
      Object.entries(windows).map(([name, item]) => [name, keep(shape.windows.def.valueType, item)]),
    ),
    freezes: items(shape.freezes.def.innerType.def.element, value.freezes),
    rollout: items(shape.rollout.def.element, value.rollout),
    waveNames,
    limits: keep(shape.limits, value.limits) ?? shape.limits.parse(undefined),
    gates: value.gates === undefined ? undefined : keep(shape.gates, value.gates),
    verify: keep(shape.verify, value.verify) ?? shape.verify.parse(undefined),
    alerts: items(shape.alerts.def.innerType.def.element, value.alerts),
    notify: items(shape.notify.def.innerType.def.element, value.notify),
  } as Draft;
}
