/** Names what came in a few words, without its values: they may hold anything. */
export function describe(event: unknown): string {
  if (event === null || typeof event !== 'object') return event === null ? 'null' : typeof event;
  return `an object with the keys ${Object.keys(event).slice(0, 10).join(', ') || '(none)'}`;
}

/** The context of an invocation, as AWS Lambda and as FunctionGraph name what is asked of it. */
export interface Context {
  getRemainingTimeInMillis?: () => number;
  getRemainingTimeInMilliSeconds?: () => number;
}

/** What is left of the invocation's time, in milliseconds; 0 where nobody says. */
export function timeLeft(context: Context): number {
  return (context.getRemainingTimeInMillis ?? context.getRemainingTimeInMilliSeconds)?.call(context) ?? 0;
}
