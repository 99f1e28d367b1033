import type { AlertSource } from './alert-in.ts';

/** A secret that one source of alerts signs with. Several of one source count at once, so that one can replace the other. */
export interface WebhookSecret {
  source: AlertSource;
  secret: string;
}

const MIN_LENGTH = 16;
const LONG = { fits: (secret: string) => secret.length >= MIN_LENGTH, form: `of ${MIN_LENGTH} characters or more` };

/** The sources that sign with a secret, and what it must be. */
const SIGNING: Partial<Record<AlertSource, { fits: (secret: string) => boolean; form: string }>> = {
  grafana: LONG,
  pagerduty: LONG,
  standard: {
    // 24 bytes are the fewest that Standard Webhooks allows.
    fits: (secret) => /^(whsec_)?[A-Za-z0-9+/]{32,}={0,2}$/.test(secret),
    form: '"whsec_" and base64 of 24 bytes or more',
  },
};

/**
 * Reads `WEBHOOK_SECRETS`: entries `SOURCE:SECRET`, separated by commas or white space, e.g.
 * `pagerduty:0123456789abcdef,standard:whsec_…`; or `none`. `problems` name entries by their place, never by their text.
 */
export function readWebhookSecrets(text: string): { secrets: WebhookSecret[]; problems: string[] } {
  if (text.trim() === 'none') return { secrets: [], problems: [] };
  const problems: string[] = [];
  const entries = text.split(/[\s,]+/).filter((entry) => entry !== '');
  if (entries.length === 0) problems.push('is empty: leave it out, or write "none" where no source signs');
  const secrets = entries.flatMap((entry, index) => {
    const read = readEntry(entry);
    if (typeof read !== 'string') return [read];
    problems.push(`entry ${index + 1} ${read}`);
    return [];
  });
  return { secrets, problems };
}

function readEntry(entry: string): WebhookSecret | string {
  const [, name = '', secret = ''] = /^([a-z]+):(.*)$/s.exec(entry) ?? [];
  const signing = Object.hasOwn(SIGNING, name) ? SIGNING[name as AlertSource] : undefined;
  if (!signing) return `is not SOURCE:SECRET with one of ${Object.keys(SIGNING).join(', ')}`;
  if (!signing.fits(secret)) return `has a secret that is not ${signing.form}`;
  return { source: name as AlertSource, secret };
}
