import * as z from 'zod/mini';
import type { Scope } from '../../core/instance.ts';
import type { Clock, DcsFailure } from '../../deps.ts';
import { urlProblem } from '../url.ts';
import { VERSION } from '../version.ts';
import { failure, failureFrom, jsonOf, noAnswer } from './answer.ts';
import { exchange } from './http.ts';
import { type Credentials, percentEncode, sign } from './sign.ts';

/** In a policy: the project that has the region's name, which every account has. */
export const AUTO = 'auto';

const ProjectList = z.object({
  projects: z.array(z.object({ id: z.string().check(z.minLength(1)), name: z.string() })),
});

/** Finds the id of a region's own project (IAM API, KeystoneListProjects), once for each credential set and region. */
export class Projects {
  readonly #clock: Clock;
  readonly #endpoint: string | undefined;
  readonly #known = new Map<string, string>();

  /** `endpoint`: base URL in place of every region's own. */
  constructor(clock: Clock, endpoint?: string) {
    this.#clock = clock;
    this.#endpoint = endpoint;
  }

  /** The scope's project, or why it cannot be told. Never throws. */
  async idOf(
    scope: Scope,
    credentials: Credentials,
    lasts: number,
    signal?: AbortSignal,
  ): Promise<string | DcsFailure> {
    if (scope.project !== AUTO) return scope.project;
    const key = `${scope.credentials ?? ''}|${scope.region}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const found = await this.#ask(scope, credentials, lasts, signal);
    // What failed is asked again by the next request: whoever mends it need not wait.
    if (typeof found === 'string') this.#known.set(key, found);
    return found;
  }

  async #ask(
    { region }: Scope,
    credentials: Credentials,
    lasts: number,
    signal?: AbortSignal,
  ): Promise<string | DcsFailure> {
    const base = this.#endpoint ?? `https://iam.${percentEncode(region)}.myhuaweicloud.com`;
    const url = urlProblem(base) === null ? URL.parse(`${base}/v3/projects?name=${percentEncode(region)}`) : null;
    if (!url) return failure('TRANSPORT.ENDPOINT', `the IAM endpoint of ${region} is not an https address`);
    const headers = { accept: 'application/json', 'user-agent': `dcs-upgrader/${VERSION}` };
    const signed = sign({ method: 'GET', url, headers, body: '', now: this.#clock.now(), ...credentials });
    const answer = await exchange({ method: 'GET', url, headers: signed, body: '' }, lasts, signal);
    if ('code' in answer) return noAnswer(answer.code);
    if (answer.status < 200 || answer.status > 299) return failureFrom(answer, credentials);
    const list = answer.problem ? null : ProjectList.safeParse(jsonOf(answer.text)).data;
    if (!list) return noAnswer('TRANSPORT.GARBLED', answer.status);
    const project = list.projects.find(({ name }) => name === region);
    return (
      project?.id ?? failure('PROJECT.UNKNOWN', `IAM knows no project of the name ${region} for these credentials`)
    );
  }
}
