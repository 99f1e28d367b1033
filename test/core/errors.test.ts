import { describe, expect, it } from '@jest/globals';
import { ERROR_RULES } from '../../lib/core/error-table.ts';
import { canonicalCode, isKnown, ruleFor } from '../../lib/core/errors.ts';

const rows = Object.entries(ERROR_RULES);

describe('the error table', () => {
  it.each(rows)('%s is in its one spelling, and says what to do', (code, rule) => {
    expect(canonicalCode(code)).toBe(code);
    expect(rule.hint).toMatch(/^[A-Z].{15,}\.$/);
    expect(ruleFor(code, 0)).toBe(rule);
  });

  it('lets only reads be repeated soon: what a person must mend is never repeated by itself', () => {
    const repeated = rows.filter(([, rule]) => rule.retry === 'soon').map(([, rule]) => rule.class);
    expect(new Set(repeated)).toEqual(new Set(['throttled', 'server', 'transport']));
  });

  it('stops the scope for whatever is wrong with credentials', () => {
    const auth = rows.filter(([, rule]) => rule.class === 'auth');
    expect(auth.filter(([, { stops, retry }]) => stops !== 'scope' || retry !== 'never')).toEqual([]);
  });

  it('knows one code that means adopt, one that means done and one that means gone', () => {
    const only = (wanted: string) => rows.filter(([, rule]) => rule.class === wanted).map(([code]) => code);
    expect([only('adopt'), only('done'), only('gone')]).toEqual([['DCS.4116'], ['DCS.4053'], ['DCS.3022']]);
  });
});

it.each`
  spelling          | code              | why
  ${'DCS.4116'}     | ${'DCS.4116'}     | ${'as it is'}
  ${' dcs.4116\n'}  | ${'DCS.4116'}     | ${'blanks and case do not matter'}
  ${'111400116'}    | ${'DCS.4116'}     | ${'service 111, status 400, number 116'}
  ${'111400017'}    | ${'DCS.4017'}     | ${'numbers below 100'}
  ${'111400800'}    | ${'DCS.4800'}     | ${'numbers above 800'}
  ${'111400069'}    | ${'DCS.4069'}     | ${'the number says 400, although it comes with 500'}
  ${'111401001'}    | ${'DCS.1001'}     | ${'status 401'}
  ${'111403002'}    | ${'DCS.3002'}     | ${'status 403'}
  ${'111404001'}    | ${'DCS.4001'}     | ${'status 404'}
  ${'111404022'}    | ${'DCS.3022'}     | ${'the odd one'}
  ${'111405001'}    | ${'DCS.5001'}     | ${'status 405'}
  ${'111500006'}    | ${'DCS.5006'}     | ${'status 500'}
  ${'APIG.0308'}    | ${'APIGW.0308'}   | ${'two names of one gateway'}
  ${'APIGW.0308'}   | ${'APIGW.0308'}   | ${'as it is'}
  ${'CBC.99003651'} | ${'CBC.99003651'} | ${'billing'}
  ${'112400116'}    | ${'112400116'}    | ${'another service'}
  ${''}             | ${''}             | ${'nothing'}
`('"$spelling" is $code ($why)', ({ spelling, code }) => {
  expect(canonicalCode(spelling!)).toBe(code);
});

it.each`
  code            | status | kind             | stops         | retry        | why
  ${'DCS.4096'}   | ${400} | ${'busy'}        | ${'instance'} | ${'tick'}    | ${'a backup ends'}
  ${'DCS.4049'}   | ${400} | ${'busy'}        | ${'instance'} | ${'tick'}    | ${'not running yet'}
  ${'DCS.4049'}   | ${409} | ${'busy'}        | ${'instance'} | ${'tick'}    | ${'the same with another status'}
  ${'111400049'}  | ${400} | ${'busy'}        | ${'instance'} | ${'tick'}    | ${'the same in the older spelling'}
  ${'DCS.4116'}   | ${400} | ${'adopt'}       | ${'instance'} | ${'never'}   | ${'follow it'}
  ${'DCS.4053'}   | ${400} | ${'done'}        | ${'nothing'}  | ${'never'}   | ${'nothing to do'}
  ${'DCS.3022'}   | ${404} | ${'gone'}        | ${'instance'} | ${'never'}   | ${'deleted'}
  ${'DCS.4045'}   | ${400} | ${'account'}     | ${'instance'} | ${'opening'} | ${'published: already unfrozen'}
  ${'DCS.4045'}   | ${404} | ${'gone'}        | ${'instance'} | ${'never'}   | ${'not found is not found'}
  ${'DCS.4003'}   | ${403} | ${'denied'}      | ${'instance'} | ${'never'}   | ${'F082 an enterprise project denies; others go on'}
  ${'DCS.2007'}   | ${403} | ${'denied'}      | ${'instance'} | ${'never'}   | ${'F082 likewise'}
  ${'APIGW.0302'} | ${403} | ${'denied'}      | ${'scope'}    | ${'never'}   | ${'the gateway refuses the user, not the instance'}
  ${'APIGW.0301'} | ${401} | ${'auth'}        | ${'scope'}    | ${'never'}   | ${'F080 signature or clock'}
  ${'APIGW.0101'} | ${404} | ${'config'}      | ${'scope'}    | ${'never'}   | ${'the region lacks the API'}
  ${'DCS.4001'}   | ${404} | ${'config'}      | ${'scope'}    | ${'never'}   | ${'likewise'}
  ${'APIG.0308'}  | ${429} | ${'throttled'}   | ${'scope'}    | ${'soon'}    | ${'F085'}
  ${'APIGW.0201'} | ${400} | ${'bug'}         | ${'instance'} | ${'never'}   | ${'one code, three faults: a bad request'}
  ${'APIGW.0201'} | ${502} | ${'server'}      | ${'instance'} | ${'soon'}    | ${'no backend'}
  ${'APIGW.0201'} | ${504} | ${'server'}      | ${'instance'} | ${'soon'}    | ${'a slow backend'}
  ${'DCS.4006'}   | ${400} | ${'unsupported'} | ${'instance'} | ${'never'}   | ${'another engine'}
  ${'DCS.9999'}   | ${400} | ${'unknown'}     | ${'instance'} | ${'never'}   | ${'not in the table'}
  ${'DCS.9999'}   | ${404} | ${'unknown'}     | ${'instance'} | ${'never'}   | ${'not in the table, and not taken for gone'}
  ${'DCS.9999'}   | ${401} | ${'unknown'}     | ${'scope'}    | ${'never'}   | ${'not in the table, about credentials'}
  ${'DCS.9999'}   | ${403} | ${'unknown'}     | ${'scope'}    | ${'never'}   | ${'not in the table, about permission'}
  ${'DCS.9999'}   | ${429} | ${'throttled'}   | ${'scope'}    | ${'soon'}    | ${'429 has one meaning'}
  ${'DCS.9999'}   | ${503} | ${'unknown'}     | ${'instance'} | ${'soon'}    | ${'not in the table, the server failed'}
  ${'toString'}   | ${400} | ${'unknown'}     | ${'instance'} | ${'never'}   | ${'no code of ours, though every object has it'}
`('$code with $status is $kind, stops $stops, again: $retry ($why)', ({ code, status, kind, stops, retry }) => {
  expect(ruleFor(code as string, status as number)).toMatchObject({ class: kind, stops, retry });
});

it('asks for a code that it does not have', () => {
  expect(ruleFor('DCS.9999', 400)).toMatchObject({
    severity: 'error',
    hint: expect.stringMatching(/DCS\.9999.*add a line/),
  });
  expect(ruleFor('DCS.9999', 403).severity).toBe('critical');
  expect([isKnown('DCS.9999'), isKnown('constructor'), isKnown('111400116'), isKnown('APIG.0301')]).toEqual([
    false,
    false,
    true,
    true,
  ]);
});

it('speaks of the clock where a signature is refused', () => {
  expect(ruleFor('APIGW.0301', 401).hint).toMatch(/clock/);
});
