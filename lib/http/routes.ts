import * as z from 'zod/mini';
import { ALERT_ROUTES } from './alert-routes.ts';
import { jsonAnswer } from './answer.ts';
import { approvePlan } from './approvals.ts';
import { ApprovalBody, HoldBody, UpgradesBody } from './bodies.ts';
import { endHold, setHold } from './holds.ts';
import { dashboard, fleet, instance, plan, windows } from './reads.ts';
import { type Route, route } from './route.ts';
import * as forms from './schemas.ts';
import { requestUpgrades, showRun } from './upgrades.ts';

const when = z.optional(forms.instant);

/** Every route. One that is added here is found, guarded and described. */
export const ROUTES: readonly Route[] = [
  route({
    method: 'POST',
    path: '/upgrades',
    right: 'upgrade',
    summary:
      'Make one pass for some instances or all; with dryRun, which is the default, start nothing. Where there are workers they make it: the answer says what is to be expected from the fleet as last seen, and the run what came of it.',
    body: UpgradesBody,
    headers: { 'Idempotency-Key': 'The same key and body give the same answer and one run.' },
    answer: { status: 202, schema: forms.UpgradesAnswer },
    errors: [404, 409, 503],
    run: requestUpgrades,
  }),
  route({
    method: 'GET',
    path: '/upgrades/{runId}',
    right: 'read',
    summary: 'A run and its attempts.',
    answer: { status: 200, schema: forms.RunAnswer },
    errors: [404],
    run: showRun,
  }),
  route({
    method: 'GET',
    path: '/plan',
    right: 'read',
    summary: 'Look at the fleet and say what would be started, and why everything else would not.',
    query: z.strictObject({ now: when }),
    answer: { status: 200, schema: forms.PlanAnswer },
    errors: [503],
    run: plan,
  }),
  route({
    method: 'GET',
    path: '/fleet',
    right: 'read',
    summary: 'The fleet in numbers, wave by wave, and when it will be current. From what is stored.',
    answer: { status: 200, schema: forms.FleetAnswer },
    errors: [503],
    run: fleet,
  }),
  route({
    method: 'GET',
    path: '/fleet/{instanceId}',
    right: 'read',
    summary: 'The last decision on one instance, its attempts, and the holds in force.',
    answer: { status: 200, schema: forms.InstanceAnswer },
    errors: [404],
    run: instance,
  }),
  route({
    method: 'GET',
    path: '/windows',
    right: 'read',
    summary: 'When upgrades may start: the openings of all windows, or of one, without what is frozen.',
    query: z.strictObject({ from: when, to: when, window: z.optional(z.string()) }),
    answer: { status: 200, schema: forms.WindowsAnswer },
    errors: [503],
    run: windows,
  }),
  route({
    method: 'POST',
    path: '/holds',
    right: 'operate',
    summary: 'Stop new starts for all, a scope, a wave, a tag or an instance. What runs is followed on.',
    body: HoldBody,
    answer: { status: 201, schema: forms.HoldsAnswer },
    run: setHold,
  }),
  route({
    method: 'DELETE',
    path: '/holds/{id}',
    right: 'operate',
    summary: 'Release a hold.',
    query: z.strictObject({ reason: z.optional(z.string().check(z.maxLength(500, 'at most 500 characters'))) }),
    answer: { status: 200, schema: forms.HoldsAnswer },
    errors: [404],
    run: endHold,
  }),
  route({
    method: 'POST',
    path: '/approvals',
    right: 'operate',
    summary: 'Approve the plan of that hash, and nothing else, for the opening that is open or comes next.',
    body: ApprovalBody,
    answer: { status: 201, schema: forms.ApprovalAnswer },
    errors: [503],
    run: approvePlan,
  }),
  ...ALERT_ROUTES,
  route({
    method: 'GET',
    path: '/health',
    right: null,
    summary: 'Whether the service answers.',
    answer: { status: 200, schema: forms.HealthAnswer },
    run: async ({ request, version }) => jsonAnswer(200, { status: 'ok', version }, request.requestId),
  }),
  route({
    method: 'GET',
    path: '/openapi.json',
    right: null,
    summary: 'This description.',
    answer: { status: 200, schema: z.looseObject({ openapi: z.string(), requestId: z.string() }) },
    run: async ({ request, version }) => {
      // Loaded here and not above: it takes time, and nobody else needs it.
      const { openApi } = await import('./openapi.ts');
      return jsonAnswer(200, openApi(ROUTES, version), request.requestId);
    },
  }),
  route({
    method: 'GET',
    path: '/',
    right: 'read',
    summary: 'The dashboard, a page for people.',
    answer: { status: 200, schema: null },
    errors: [503],
    run: dashboard,
  }),
];
