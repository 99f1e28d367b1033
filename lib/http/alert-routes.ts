import { type Route, route } from './route.ts';
import { AlertsAnswer } from './schemas.ts';

/** The routes of the function `alerts`, which has no other rights than these need; `http` has them as well. */
export const ALERT_ROUTES: readonly Route[] = [
  route({
    method: 'POST',
    path: '/alerts/{source}',
    right: null,
    summary:
      'Take alerts of alertmanager, grafana, pagerduty, smn or standard: signed by the source or, but for smn, with a key that has the right alert or operate.',
    answer: { status: 202, schema: AlertsAnswer },
    errors: [400, 401, 403, 404, 413, 415, 422, 503],
    run: async (ask) => {
      // Loaded here and not above: it takes time, and most of what is asked of `http` is something else.
      const { takeAlerts } = await import('./alerts.ts');
      return takeAlerts(ask);
    },
  }),
];
