import { systemClock } from '../clock.ts';
import { type AwsAnswer, AwsError, Connections, isPassing, isThrottling } from './exchange.ts';
import { type AwsSettings, awsEndpoint, awsSettings } from './settings.ts';
import { type AwsRequest, signAws } from './sign.ts';

export interface AwsOptions {
  /** Where region, keys and endpoints stand. */
  env: Readonly<Record<string, string | undefined>>;
  /** In place of the service's own. */
  endpoint?: string;
  /** In place of the one that `env` names. */
  region?: string | undefined;
  /** The most tries of one request. */
  tries?: number;
  /** The largest answer that is read. */
  mostBytes?: number;
  /** How long one try may take, in milliseconds. */
  lasts?: number;
}

/** The longest pause between two tries is the first one doubled so often; each is cut by full jitter. In milliseconds. */
const FIRST_PAUSE = 50;
const FIRST_PAUSE_THROTTLED = 500;
const LONGEST_PAUSE = 20_000;
const MOST_TRIES = 4;

/**
 * Signed requests to one service of AWS, and no more than that: the SDK alone takes as long to load as a start may last.
 * What it does about failures is done here too: bounded times, further tries after growing pauses, its names of errors.
 */
export class AwsClient {
  readonly #service: string;
  readonly #options: AwsOptions;
  readonly #connections: Connections;
  #settings: Promise<AwsSettings> | null = null;

  /** `service`: as it is in names of hosts and in signatures, such as `dynamodb`. */
  constructor(service: string, options: AwsOptions) {
    this.#service = service;
    this.#options = options;
    this.#connections = new Connections(options);
  }

  /** @throws AwsError, or the SDK's CredentialsProviderError */
  async send({ path = '/', ...about }: Omit<AwsRequest, 'url'> & { path?: string }): Promise<AwsAnswer> {
    const { env, endpoint, tries = MOST_TRIES } = this.#options;
    this.#settings ??= awsSettings({ ...env, AWS_REGION: this.#options.region || env.AWS_REGION });
    const settings = await this.#settings.catch((error: unknown) => {
      this.#settings = null;
      throw error;
    });
    const base = endpoint ?? awsEndpoint(this.#service, settings.region, env);
    const request: AwsRequest = { ...about, url: new URL(base + path) };
    for (let tried = 1; ; tried += 1) {
      try {
        return await this.#once(request, settings);
      } catch (error) {
        if (error instanceof AwsError) error.tries = tried;
        if (!(error instanceof AwsError) || !isPassing(error) || tried >= tries) throw error;
        const longest = (isThrottling(error) ? FIRST_PAUSE_THROTTLED : FIRST_PAUSE) * 2 ** (tried - 1);
        await systemClock.sleep(Math.round(Math.random() * Math.min(longest, LONGEST_PAUSE)));
      }
    }
  }

  /** Signed anew for every try: keys are renewed, and signatures grow old. */
  async #once(request: AwsRequest, { region, keys }: AwsSettings): Promise<AwsAnswer> {
    const headers = signAws(request, await keys(), { service: this.#service, region }, systemClock.now());
    return this.#connections.exchange({ ...request, headers });
  }

  close(): void {
    this.#connections.close();
  }
}
