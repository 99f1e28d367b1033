import { parseArgs } from 'node:util';

/** Ends the script with 2 and says what is wrong: 1 is for what it found. */
export function misused(problem: string, usage: string): never {
  console.error(problem);
  console.error(`usage: ${usage}`);
  process.exit(2);
}

/** The values of a script's options; each takes one, but for those in `flags`. Anything else is a misuse. */
export function optionsOf<N extends string, F extends string>(
  names: readonly N[],
  flags: readonly F[],
  usage: string,
): { [name in N]?: string } & { [flag in F]?: boolean } {
  const options = Object.fromEntries([
    ...names.map((name) => [name, { type: 'string' as const }]),
    ...flags.map((flag) => [flag, { type: 'boolean' as const }]),
  ]);
  try {
    return parseArgs({ options }).values as { [name in N]?: string } & { [flag in F]?: boolean };
  } catch (error) {
    return misused((error as Error).message, usage);
  }
}

/** A whole number between both, or `otherwise` where none is given. */
export function wholeOf(
  name: string,
  text: string | undefined,
  { least, most, otherwise }: { least: number; most: number; otherwise: number },
  usage: string,
): number {
  if (text === undefined) return otherwise;
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return number >= least && number <= most
    ? number
    : misused(`--${name} must be a whole number from ${least} to ${most}, not "${text}"`, usage);
}
