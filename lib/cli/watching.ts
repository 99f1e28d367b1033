import type { Runtime } from '../io/runtime.ts';
import { type PassReport, type PolicyState, reconcile } from '../reconcile.ts';
import { advanceNight, clockTextFor, happenings, isOver, type Night, picture } from './night.ts';
import type { Terminal } from './terminal.ts';

export interface WatchOptions {
  /** Between two ticks, in milliseconds of the runtime's clock. */
  every: number;
  untilDone: boolean;
  terminal: Terminal;
  /** Draw and print nothing. */
  quiet: boolean;
  signal: AbortSignal;
}

/** Ticks until interrupted or, with `untilDone`, until the night is over; draws or prints between ticks. */
export async function* watchNight(
  runtime: Runtime,
  options: WatchOptions,
): AsyncGenerator<{ report: PassReport; state: PolicyState; night: Night }> {
  const { terminal, signal } = options;
  const screen = screenFor(terminal, options.quiet);
  let night: Night = { report: null, finished: [] };
  try {
    while (!signal.aborted) {
      const { deps, state } = await runtime.pass();
      const report = await reconcile(deps, state, { explain: true, requestedBy: 'cli', reason: 'watch', signal });
      night = advanceNight(night, report);
      const clockText = clockTextFor(state.policy?.timezone ?? 'UTC');
      screen.show(picture(terminal, night, clockText), happenings(report, clockText));
      yield { report, state, night };
      if (options.untilDone && isOver(report)) return;
      await deps.clock.sleep(options.every, signal).catch(() => undefined);
    }
  } finally {
    screen.end();
  }
}

interface Screen {
  show(drawing: string, lines: string[]): void;
  end(): void;
}

/** On a terminal the drawing is redrawn in place below the lines; in a pipe there are the lines alone. */
function screenFor(terminal: Terminal, quiet: boolean): Screen {
  if (quiet) return { show: () => undefined, end: () => undefined };
  if (!terminal.isLive)
    return { show: (_, lines) => lines.forEach((line) => void terminal.out(`${line}\n`)), end: () => undefined };
  let height = 0;
  return {
    show(drawing, lines) {
      const up = height > 0 ? `\u001b[${height}A\u001b[0J` : '';
      terminal.out(`${up}${lines.map((line) => `${line}\n`).join('')}${drawing}\n`);
      height = drawing.split('\n').length;
    },
    end: () => undefined,
  };
}
