const MASK = '[masked]';

/** Shorter values are no secrets, and masking them would spoil words that hold them by chance. */
const SHORTEST_SECRET = 6;

/** A key one of whose words is among these has a value that nobody is shown: `CLOUD_SDK_SK`, `x-security-token`, `webhookSecret`. */
const SENSITIVE_WORDS = new Set([
  'authorization',
  'ak',
  'cookie',
  'password',
  'passwd',
  'secret',
  'secrets',
  'signature',
  'sk',
  'token',
  'tokens',
]);

/** The text without any of the secrets, plain or as a URL would spell them. */
export function maskSecrets(text: string, secrets: readonly string[]): string {
  const spellings = secrets
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .flatMap((secret) => [secret, encoded(secret)])
    .sort((a, b) => b.length - a.length);
  return spellings.reduce((masked, secret) => masked.replaceAll(secret, MASK), text);
}

/** What stands in place of a value whose key is sensitive; `undefined` for any other key. */
export function maskByKey(key: string, value: unknown): unknown {
  if (value === null || value === undefined || value === '') return undefined;
  const words = key
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return words.some((word) => SENSITIVE_WORDS.has(word)) ? MASK : undefined;
}

function encoded(secret: string): string {
  try {
    return encodeURIComponent(secret);
  } catch {
    // A lone surrogate has no spelling in a URL.
    return secret;
  }
}
