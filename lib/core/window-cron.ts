import { cut } from './cut.ts';
import { MONTHS, WEEKDAYS } from './rollout-schema.ts';
import { HOUR, MINUTE } from './time.ts';
import type { WindowKinds } from './window-kinds.ts';

/** What was read, or what is wrong with it and what to do. */
export type Read<T> = { value: T } | { message: string; hint: string };

export type CronRule = Omit<WindowKinds['cron'], 'end'>;

const FORM = 'write minute, hour, day of month, month, day of week, for example "30 2 * * sun"';

/** Five fields; the parser is loaded here, so that policies without cron windows never pay for it. */
export async function readCron(text: string): Promise<Read<CronRule>> {
  const fields = text.trim().split(/\s+/);
  const wrong = wrongForm(text, fields);
  if (wrong) return wrong;
  const { CronPattern } = await import('croner');
  try {
    const { minute, hour, day, month, dayOfWeek } = new CronPattern(fields.join(' '), undefined, { mode: '5-part' });
    const minutes = marked(minute, 0);
    const value = {
      times: marked(hour, 0).flatMap((hours) => minutes.map((more) => hours * HOUR + more * MINUTE)),
      months: marked(month, 1),
      days: marked(day, 1),
      weekdays: marked(dayOfWeek, 0).map((weekday) => weekday || 7),
      // As in Vixie's cron, a field that begins with a star does not count as restricted.
      either: !fields[2]!.startsWith('*') && !fields[4]!.startsWith('*'),
    };
    return { value };
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error);
    return { message: `is no cron rule: ${cut(why, 120)}`, hint: FORM };
  }
}

function wrongForm(text: string, fields: readonly string[]): Read<never> | null {
  if (/^(?:cron|rate)\(/.test(text)) {
    return { message: 'is in the form of AWS', hint: `${FORM}; in AWS's form Sunday is 1 and there is a year` };
  }
  if (fields.length !== 5) {
    return { message: `has ${fields.length} fields, five are wanted`, hint: `${FORM}; no seconds, no year` };
  }
  for (const [index, field] of fields.entries()) {
    const names: readonly string[] = NAMES[index] ?? [];
    const word = field.match(/[a-z]+/gi)?.find((one) => !names.includes(one.toLowerCase()));
    const sign = /[^\w*,/-]/.exec(field)?.[0];
    const odd = word ?? sign;
    if (odd !== undefined)
      return { message: `has ${cut(odd)} in field ${index + 1}, which is not allowed there`, hint: FORM };
  }
  return null;
}

const NAMES: Partial<Record<number, readonly string[]>> = { 3: MONTHS, 4: WEEKDAYS };

/** The places that are set, counted from `first`. */
function marked(places: readonly number[], first: number): number[] {
  return places.flatMap((place, index) => (place ? [index + first] : []));
}
