/**
 * The speed of this program as ratios within one run, because machines are noisy and differ.
 *
 *   npm run bench [-- --json] [-- --only NAME]
 */
import { parseArgs } from 'node:util';
import { decideBench } from './bench/decide.ts';
import { observeBench } from './bench/observe.ts';
import { rehearseBench } from './bench/rehearse.ts';
import { startBench } from './bench/start.ts';
import { windowsBench } from './bench/windows.ts';

/** One measured figure. `limit` is what it should not be above. */
export interface Figure {
  value: number;
  unit: string;
  limit: number | null;
}

const BENCHES: Record<string, () => Promise<Record<string, Figure>>> = {
  start: startBench,
  decide: decideBench,
  windows: windowsBench,
  rehearse: rehearseBench,
  observe: observeBench,
};

const { values } = parseArgs({ options: { json: { type: 'boolean' }, only: { type: 'string' } } });
const figures: Record<string, Figure> = {};
for (const [name, bench] of Object.entries(BENCHES)) {
  if (values.only !== undefined && values.only !== name) continue;
  for (const [key, figure] of Object.entries(await bench())) {
    figures[key] = figure;
    const { value, unit, limit } = figure;
    const verdict = limit === null ? '' : `  (at most ${limit}${value > limit ? ': OVER' : ''})`;
    if (!values.json)
      console.log(`${key.padEnd(44)} ${String(Math.round(value * 100) / 100).padStart(9)} ${unit}${verdict}`);
  }
}
if (values.json) console.log(JSON.stringify(figures, null, 2));
