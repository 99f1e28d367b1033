import type { Metrics } from '../../deps.ts';
import type { CallerOptions } from '../dcs/caller.ts';

/** The client of client.ts, which is loaded at the first call: most runs make none. */
export function metricsOnDemand(options: CallerOptions): Metrics {
  let loading: Promise<Metrics> | null = null;
  return {
    async highest(...call) {
      loading ??= import('./client.ts').then(({ createMetrics }) => createMetrics(options));
      return (await loading).highest(...call);
    },
  };
}
