import type { Answer, Reaction } from '../../lib/simulator/wire.ts';
import { CREDENTIALS } from './fleet.ts';
import type { Life } from './machine.ts';
import type { Night } from './night.ts';
import type { CALL_TROUBLE, READ_TROUBLE } from './plan.ts';

export type Trouble = (typeof READ_TROUBLE)[number] | (typeof CALL_TROUBLE)[number] | 'not_found';
export type Outcome = Reaction | 'refused';

/** One request of a process to DCS and what is beside it. */
export interface Request {
  life: Life;
  name: string;
  method: string;
  url: URL;
  headers: Record<string, string>;
  body: Uint8Array;
}

const HTML: Answer = {
  status: 502,
  headers: { 'content-type': 'text/html' },
  body: '<html><h1>502 Bad Gateway</h1></html>',
};

/** What becomes of an answer on its way. */
export function spoilt(night: Night, sent: Request, answer: Reaction, trouble: Trouble | null): Outcome {
  if (typeof answer === 'string') return answer;
  switch (trouble) {
    case 'lost':
    case 'lost_after':
      return 'reset';
    case 'silent':
    case 'silent_after':
    case 'late':
      return 'hang';
    case 'garbled':
      return { ...answer, status: 200, body: answer.body.slice(0, Math.floor(answer.body.length / 2)) };
    case 'empty':
      return { ...answer, status: 200, body: '' };
    case 'no_task':
      return { ...answer, status: 200, body: '{}' };
    case 'html':
      return HTML;
    case 'error500':
      return {
        ...answer,
        status: 500,
        body: JSON.stringify({ error_code: 'DCS.5000', error_msg: 'Internal service error.' }),
      };
    case 'not_found':
      return {
        status: 404,
        headers: {},
        body: JSON.stringify({ error_code: 'DCS.3022', error_msg: 'The DCS instance does not exist.' }),
      };
    case 'throttled':
      return throttled(night, sent.name);
    case 'unauthorized':
      return unauthorized(sent);
    default:
      return answer;
  }
}

export function throttled(night: Night, name: string): Answer {
  const waits = ['2', '17', 'soon', '', '90'];
  const wait = waits[Math.floor(night.draw(`${name}/wait`) * waits.length)]!;
  const body = JSON.stringify({
    error_code: 'APIGW.0308',
    error_msg: 'The throttling threshold has been reached: policy user over ratelimit,limit:200,time:1 second',
  });
  return { status: 429, headers: wait === '' ? {} : { 'retry-after': wait }, body };
}

/** The gateway repeats what was signed; this one repeats more than any should. */
function unauthorized({ headers }: Request): Answer {
  const { ak, sk, securityToken } = CREDENTIALS;
  const echo = `verify aksk signature fail, ak:${ak}, sk:${sk}, x-security-token:${securityToken}, authorization:${headers.authorization}`;
  return {
    status: 401,
    headers: {},
    body: JSON.stringify({
      error_code: 'APIGW.0301',
      error_msg: `Incorrect IAM authentication information: ${echo}`,
      request_id: 'r',
    }),
  };
}
