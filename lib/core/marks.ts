import type { Alert } from './alert.ts';

/**
 * What an attempt remembers of what was told of it (`told`): an event, with a `!` its end; `failed@NAME` where only some have
 * it so far; `failed=KEY` where it was told together with others under that key.
 */

/** The event, and with a `!` its end. */
export function markOf({ event, resolved }: Alert): string {
  return resolved ? `${event}!` : event;
}

/** Whether somebody was told. */
export function isMarked(marks: readonly string[], what: string): boolean {
  return marks.some((mark) => mark === what || mark.startsWith(`${what}@`));
}

/** Who has it, where not all have. */
export function reachedBy(marks: readonly string[], what: string): string[] {
  return marks.filter((mark) => mark.startsWith(`${what}@`)).map((mark) => mark.slice(what.length + 1));
}

/** The key that it was told under together with others, if it was. */
export function toldAs(marks: readonly string[], what: string): string | null {
  return marks.find((mark) => mark.startsWith(`${what}=`))?.slice(what.length + 1) ?? null;
}

/** The marks after an alert was brought to those who want it. `isShared`: together with others. */
export function marked(
  marks: readonly string[],
  alert: Alert,
  { complete, reached }: { complete: boolean; reached: readonly string[] },
  isShared: boolean,
): string[] {
  const what = markOf(alert);
  const others = marks.filter((mark) => !mark.startsWith(`${what}@`) && !mark.startsWith(`${what}=`));
  const key = isShared ? [`${what}=${alert.key}`] : [];
  return [...others, ...(complete ? [what] : reached.map((name) => `${what}@${name}`)), ...key];
}
