/** Names what came in a few words, without its values: they may hold anything. */
export function describe(event: unknown): string {
  if (event === null || typeof event !== 'object') return event === null ? 'null' : typeof event;
  return `an object with the keys ${Object.keys(event).slice(0, 10).join(', ') || '(none)'}`;
}
