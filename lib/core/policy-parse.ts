import type * as z from 'zod/mini';
import { cut, visible } from './cut.ts';
import { MOST_PROBLEMS, type Policy, type Problem } from './policy.ts';
import { build, type Draft } from './policy-build.ts';
import { type Env, isMapping, type Path, prepare, variableOf } from './policy-prepare.ts';
import { allowedBy, badValue, pathText, problemsOf, valueAt, withoutEchoes } from './policy-problems.ts';
import { policySchema } from './policy-schema.ts';
import type { Report } from './window-read.ts';

/** Of one message; what it quotes may be as long as the document. */
const LONGEST_MESSAGE = 300;

/**
 * Reads a policy from what YAML or JSON gave. Either it is good as a whole, or every problem is named at once.
 * `env:NAME` is resolved from `env`; no problem ever shows a value that came from there. Async because the libraries
 * for `cron` and `rrule` windows are loaded only when a policy has such windows.
 */
export async function parsePolicy(raw: unknown, env: Env): Promise<{ policy: Policy } | { problems: Problem[] }> {
  if (!isMapping(raw)) return { problems: [badValue([], raw, 'a mapping', BEGIN)] };
  const { value, problems, resolved } = prepare(raw, env);
  const schema = policySchema();
  const parsed = schema.safeParse(value, { error: allowedBy });
  if (!parsed.success) {
    const issues = parsed.error.issues.slice(0, MOST_PROBLEMS);
    problems.push(...withoutEchoes(problems, problemsOf(issues, raw, schema)));
  }
  problems.push(...plainSecrets(raw));
  // Whoever has so much to mend need not wait for what concerns several keys at once.
  if (problems.length >= MOST_PROBLEMS) return refused(problems);
  const waveNames = namesOfWaves(raw.rollout);
  const windowNames = isMapping(raw.windows) ? Object.keys(raw.windows) : null;
  const names = { waveNames, windowNames };
  const draft = parsed.success ? { ...parsed.data, ...names } : salvage(value as Record<string, unknown>, names);
  const { policy, found } = await built(draft, env, resolved);
  if (found.length > 0) problems.push(...withoutEchoes(problems, found));
  return policy && problems.length === 0 ? { policy } : refused(problems);
}

const BEGIN = 'begin with version: 1; policy.example.yaml is a whole one';

/** Thrown to stop when there are more problems than anybody reads. */
class Enough extends Error {}

async function built(
  draft: Draft,
  env: Env,
  resolved: ReadonlyMap<string, string>,
): Promise<{ policy: Policy | null; found: Problem[] }> {
  const found: Problem[] = [];
  const report: Report = (path, message, hint) => {
    // Cut only afterwards: half of a value from the environment could no longer be told.
    const text = unresolve(`${pathText(path)}: ${message}`, resolved);
    found.push({ path, message: text, hint: unresolve(hint, resolved) });
    if (found.length === MOST_PROBLEMS) throw new Enough();
  };
  try {
    return { policy: await build(draft, env, report), found };
  } catch (error) {
    if (error instanceof Enough) return { policy: null, found };
    throw error;
  }
}

function refused(problems: readonly Problem[]): { problems: Problem[] } {
  return { problems: problems.slice(0, MOST_PROBLEMS).map(short) };
}

function short({ path, message, hint }: Problem): Problem {
  return { path, message: visible(cut(message, LONGEST_MESSAGE)), hint: visible(cut(hint, LONGEST_MESSAGE)) };
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
function salvage(value: Record<string, unknown>, names: Pick<Draft, 'waveNames' | 'windowNames'>): Draft {
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
    ...names,
    limits: keep(shape.limits, value.limits) ?? shape.limits.parse(undefined),
    gates: value.gates === undefined ? undefined : keep(shape.gates, value.gates),
    verify: keep(shape.verify, value.verify) ?? shape.verify.parse(undefined),
    alerts: items(shape.alerts.def.innerType.def.element, value.alerts),
    notify: items(shape.notify.def.innerType.def.element, value.notify),
  } as Draft;
}
