import { MINUTE, SECOND } from '../core/time.ts';
import type { Clock, Log } from '../deps.ts';
import { type ReadSecret, readSecret, type SecretStore } from './credentials-stores.ts';
import type { CredentialSource } from './dcs/caller.ts';
import { type Credentials, isSameSet } from './dcs/sign.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** A secret is read again after this long, so that a rotated one is used without a restart. */
const LIFETIME = 5 * MINUTE;

/** When DCS refuses what a secret held, it is read again at once, but not more often than this: a wrong secret stays wrong. */
const REFUSED_AGAIN = 10 * SECOND;

/** A secret that could not be read again is tried anew after this long; meanwhile what it held before is used. */
const FAILED_AGAIN = 30 * SECOND;

export interface CredentialOptions {
  env: Env;
  clock: Pick<Clock, 'now'>;
  log: Log;
  /** Told of every value that nobody may be shown, before it is used. */
  learn: (values: string[]) => void;
  read?: ReadSecret;
  /** What the invocation brought along (FunctionGraph, agency of the function). */
  agency?: () => Credentials | null;
}

/** What is wrong with a value of `CREDENTIALS` or `CREDENTIALS_SET`, or null. */
export function credentialsProblem(value: string): string | null {
  if (value === 'env' || value === 'agency' || placeOf(value)) return null;
  return 'must be "env", "secretsmanager:NAME", "ssm:NAME" or "agency"';
}

/**
 * Credentials by the name of their set; without a name, the default set. `CREDENTIALS` says where the default set is, and
 * `CREDENTIALS_MAIN` where the set `main` is: `env` (which is assumed), `secretsmanager:NAME`, `ssm:NAME` or `agency`.
 * A secret is a JSON object `{"ak": "…", "sk": "…", "securityToken"?: "…"}`; other keys in it are left alone.
 */
export function createCredentials(options: CredentialOptions): CredentialSource {
  const { env } = options;
  const kept = new Map<string, KeptSecret>();
  return async (set, refused) => {
    const suffix = set === undefined ? '' : `_${set.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
    const spec = env[`CREDENTIALS${suffix}`] || 'env';
    if (spec === 'agency') return fromAgency(options);
    const place = placeOf(spec);
    if (!place) return fromEnv(env, suffix);
    const secret = kept.get(spec) ?? new KeptSecret(place, options);
    kept.set(spec, secret);
    return secret.current(refused);
  };
}

interface Place {
  store: SecretStore;
  name: string;
}

function placeOf(spec: string): Place | null {
  const [, store, name] = /^(secretsmanager|ssm):([\w/+=.@:-]{1,2048})$/.exec(spec) ?? [];
  return store && name ? { store: store as SecretStore, name } : null;
}

function fromEnv(env: Env, suffix: string): Credentials {
  const [akName, skName] = [`CLOUD_SDK_AK${suffix}`, `CLOUD_SDK_SK${suffix}`];
  const { [akName]: ak, [skName]: sk, [`CLOUD_SDK_SECURITY_TOKEN${suffix}`]: securityToken } = env;
  if (ak && sk) return { ak, sk, ...(securityToken ? { securityToken } : {}) };
  const missing = [akName, skName].filter((variable) => !env[variable]);
  throw new Error(`${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} not set`);
}

/** Good for this invocation: never kept, because the next one brings others. */
function fromAgency({ agency, learn }: CredentialOptions): Credentials {
  const keys = agency?.() ?? null;
  if (!keys) throw new Error('the invocation brought no keys of an agency: give the function one that may use DCS');
  learn(Object.values(keys));
  return keys;
}

/** What one secret held when it was read last. */
class KeptSecret {
  readonly #place: Place;
  readonly #options: CredentialOptions;
  #held: Credentials | null = null;
  #triedAt = 0;
  #goodUntil = 0;
  #reading: Promise<Credentials> | null = null;

  constructor(place: Place, options: CredentialOptions) {
    this.#place = place;
    this.#options = options;
  }

  /** Many who ask at once share one read. */
  async current(refused?: Credentials): Promise<Credentials> {
    const now = this.#options.clock.now();
    const held = this.#held;
    const isRefused = held !== null && refused !== undefined && isSameSet(held, refused);
    if (held && (isRefused ? now < this.#triedAt + REFUSED_AGAIN : now < this.#goodUntil)) return held;
    this.#reading ??= this.#read(now).finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #read(now: number): Promise<Credentials> {
    const { store, name } = this.#place;
    const { read = readSecret, learn, log } = this.#options;
    this.#triedAt = now;
    try {
      const found = parseSecret(`${store}:${name}`, await read(store, name));
      learn(Object.values(found));
      this.#held = found;
      this.#goodUntil = now + LIFETIME;
      return found;
    } catch (error) {
      if (!this.#held) throw error;
      // What runs is followed with what was good a moment ago; whether it still is, DCS says.
      this.#goodUntil = now + FAILED_AGAIN;
      log('warn', 'credentials_not_read_again', { problem: (error as Error).message });
      return this.#held;
    }
  }
}

/** @throws an Error that names the secret and the key that is wrong, never a value */
function parseSecret(spec: string, text: string): Credentials {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found))
    throw new Error(`${spec} is not a JSON object with "ak" and "sk"`);
  const { ak, sk, securityToken } = found as Record<string, unknown>;
  const hasToken = securityToken !== undefined && securityToken !== null && securityToken !== '';
  const values = { ak, sk, ...(hasToken ? { securityToken } : {}) };
  const wrong = Object.entries(values).filter(([, value]) => !isKey(value));
  if (wrong.length === 0) return values as Credentials;
  const names = wrong.map(([name]) => `"${name}"`).join(' and ');
  throw new Error(`${spec} must hold ${names} as a text without white space`);
}

function isKey(value: unknown): boolean {
  return typeof value === 'string' && /^\S+$/.test(value);
}
