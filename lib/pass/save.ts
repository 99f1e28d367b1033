import type { Attempt } from '../core/attempt.ts';
import type { Deps } from '../deps.ts';

/** Waits between tries to store an answer that DCS will not give twice. */
const SAVE_AGAIN_AFTER = [200, 1_000, 3_000];

/**
 * An answer must not be lost. When another pass has written meanwhile, it is put on top of what that one wrote, if it still
 * `counts` there. When the store fails for good, it stands in the log at level error, and the claim makes the next pass look
 * for what was begun.
 */
export async function saveOnTop(
  deps: Deps,
  announced: Attempt,
  withAnswer: (base: Attempt) => Attempt,
  counts: (base: Attempt) => boolean,
): Promise<Attempt> {
  let base = announced;
  for (const wait of [...SAVE_AGAIN_AFTER, null]) {
    const attempt = withAnswer(base);
    try {
      const saved = await deps.ledger.save(attempt);
      if (saved) return saved;
      base = (await deps.ledger.attempt(attempt.id)) ?? attempt;
      if (!counts(base)) return base;
    } catch (error) {
      const { id, instanceId, taskId, state, backup } = attempt;
      const backupId = backup?.id ?? null;
      deps.log('error', 'attempt_not_saved', { attempt: id, instanceId, taskId, state, backupId, error });
      if (wait === null) throw error;
    }
    if (wait !== null) await deps.clock.sleep(wait);
  }
  return base;
}
