import type { Verb } from '../verb.ts';
import { approve } from './approve.ts';
import { demo } from './demo.ts';
import { giveUp } from './give-up.ts';
import { history } from './history.ts';
import { hold, release } from './hold.ts';
import { plan } from './plan.ts';
import { rehearse } from './rehearse.ts';
import { run } from './run.ts';
import { simulator } from './simulator.ts';
import { status } from './status.ts';
import { validate } from './validate.ts';
import { watch } from './watch.ts';
import { why } from './why.ts';
import { windows } from './windows.ts';

/** Every verb, in the order in which a newcomer needs them. */
export const VERBS: Record<string, Verb> = {
  demo,
  validate,
  windows,
  plan,
  rehearse,
  run,
  watch,
  why,
  status,
  history,
  approve,
  hold,
  release,
  'give-up': giveUp,
  simulator,
};
