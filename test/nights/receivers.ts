import type { Alert } from '../../lib/core/alert.ts';
import type { Deps, Notifier } from '../../lib/deps.ts';
import type { Life } from './machine.ts';
import type { Night } from './night.ts';

/** One is always there and takes all; the other wants what asks for something to be done, and may fail. */
const STEADY = 'steady';
const FICKLE = 'fickle';

/** What a receiver waits for longer than this, it does not get, in milliseconds. */
const SILENCE = 5_000;

/** The night's receivers as one process reaches them. */
export function receiversOf(night: Night, life: Life, log: Deps['log']): Notifier {
  return {
    names: [STEADY, FICKLE],
    wanting: ({ event }) => (event === 'succeeded' ? [STEADY] : [STEADY, FICKLE]),
    async deliver(alert, to) {
      log('info', 'alert', { ...alert });
      const taken = await Promise.all(
        to.map((name) => night.effect(`alert to ${name}`, () => take(night, life, name, alert))),
      );
      return { failed: to.filter((_, index) => !taken[index]) };
    },
  };
}

async function take(night: Night, life: Life, name: string, alert: Alert): Promise<boolean> {
  const trouble = name === FICKLE ? (night.weather('receiver', `${life.name}/${life.effects}`)?.trouble ?? null) : null;
  if (trouble === 'silent') await night.timeline.sleep(SILENCE);
  if (trouble === 'silent' || trouble === 'down') return false;
  night.judge.alerted(life, name === FICKLE, alert);
  return trouble !== 'taken_and_failed';
}
