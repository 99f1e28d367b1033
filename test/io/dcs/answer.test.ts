import { describe, expect, it } from '@jest/globals';
import { failureFrom } from '../../../lib/io/dcs/answer.ts';

const secrets = { ak: 'AKMADEUP0001', sk: 'made-up/secret+key', securityToken: 'made-up-token==' };

function read(status: number, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return failureFrom({ status, text, problem: null, headers: new Headers(headers) }, secrets);
}

it.each`
  shape                       | status | body                                                                                 | code            | message
  ${'DCS, version 2'}         | ${400} | ${{ error_code: 'DCS.4800', error_msg: 'Invalid offset.' }}                          | ${'DCS.4800'}   | ${'Invalid offset.'}
  ${'with an unused field'}   | ${400} | ${{ error_code: 'DCS.4026', error_msg: 'state', error_ext_msg: null }}               | ${'DCS.4026'}   | ${'state'}
  ${'with an older code'}     | ${400} | ${{ error_code: 111400116, error_msg: 'upgrading' }}                                 | ${'DCS.4116'}   | ${'upgrading'}
  ${'DCS, version 1'}         | ${400} | ${{ error: { code: '111400026', message: 'state', ext_message: null } }}             | ${'DCS.4026'}   | ${'state'}
  ${'the gateway'}            | ${404} | ${{ error_msg: 'no API', error_code: 'APIG.0101', request_id: 'r' }}                 | ${'APIGW.0101'} | ${'no API'}
  ${'IAM, older'}             | ${401} | ${{ error: { code: 401, message: 'authenticate', title: 'Unauthorized' } }}          | ${'HTTP.401'}   | ${'authenticate'}
  ${'IAM'}                    | ${403} | ${{ error_msg: 'denied', error_code: 'IAM.0003' }}                                   | ${'IAM.0003'}   | ${'denied'}
  ${'a policy of IAM'}        | ${403} | ${{ error_code: 'DCS.2007', error_msg: 'no', encoded_authorization_message: 'XYZ' }} | ${'DCS.2007'}   | ${'no'}
  ${'an SDK form'}            | ${500} | ${{ code: 'DCS.5000', message: 'oops' }}                                             | ${'DCS.5000'}   | ${'oops'}
  ${'another SDK form'}       | ${500} | ${{ errorCode: 'DCS.5000', errorMsg: 'oops' }}                                       | ${'DCS.5000'}   | ${'oops'}
  ${'Cloud Eye'}              | ${400} | ${{ http_code: 400, message: { details: 'not correct', code: 'ces.0014' } }}         | ${'CES.0014'}   | ${'not correct'}
  ${'Cloud Eye, its 403'}     | ${403} | ${{ http_code: '403', message: { details: 'not allowed', code: '403' } }}            | ${'HTTP.403'}   | ${'not allowed'}
  ${'Cloud Eye, elsewhere'}   | ${400} | ${{ code: 400, message: 'bad', details: { details: 'wrong', code: 'ces.0014' } }}    | ${'CES.0014'}   | ${'wrong'}
  ${'Cloud Eye, version 2'}   | ${500} | ${{ error_code: 'ces.0007', error_msg: 'oops' }}                                     | ${'CES.0007'}   | ${'oops'}
  ${'a word for the error'}   | ${400} | ${{ error: 'invalid' }}                                                              | ${'HTTP.400'}   | ${'HTTP 400 with no message'}
  ${'without a message'}      | ${409} | ${{ error_code: 'DCS.4049' }}                                                        | ${'DCS.4049'}   | ${'HTTP 409 with no message'}
  ${'a list'}                 | ${500} | ${[]}                                                                                | ${'HTTP.500'}   | ${'HTTP 500 with no message'}
  ${'F086 HTML'}              | ${502} | ${'<html><head><title>502</title></head></html>'}                                    | ${'HTTP.502'}   | ${'HTTP 502 with an HTML body'}
  ${'F086 HTML in JSON'}      | ${502} | ${{ error_code: 'APIGW.0201', error_msg: '<html>bad</html>' }}                       | ${'APIGW.0201'} | ${'HTTP 502 with an HTML body'}
  ${'F086 nothing'}           | ${503} | ${''}                                                                                | ${'HTTP.503'}   | ${'HTTP 503 with an empty body'}
  ${'F086 half of something'} | ${504} | ${'{"error_msg": "ti'}                                                               | ${'HTTP.504'}   | ${'HTTP 504 with a body that is not JSON'}
`('$shape: $code, "$message"', ({ status, body, code, message }) => {
  expect(read(status as number, body)).toMatchObject({ code, message, status });
});

it.each`
  headers                       | body                   | requestId
  ${{ 'x-request-id': 'head' }} | ${{}}                  | ${'head'}
  ${{ 'x-request-id': 'head' }} | ${{ request_id: 'b' }} | ${'head'}
  ${{}}                         | ${{ request_id: 'b' }} | ${'b'}
  ${{}}                         | ${'<html>'}            | ${null}
`('the request id with $headers and $body is $requestId', ({ headers, body, requestId }) => {
  expect(read(500, body, headers as Record<string, string>).requestId).toBe(requestId);
});

describe('F127 a 401 that repeats the request', () => {
  const signature = '0123456789abcdef'.repeat(4);
  it.each([
    `Get secretKey failed,ak:${secrets.ak},err:ak not exist`,
    'Get secretKey failed,ak:SOMEBODYELSE,err:ak not exist',
    `authorization: SDK-HMAC-SHA256 Access=${secrets.ak}, SignedHeaders=host, Signature=${signature}`,
    `canonicalRequest: GET\n/v2/p/instances/\n\nx-security-token:${secrets.securityToken}\n\nhost\n${signature}`,
    `{"Signature":"${signature}","sk":"${secrets.sk}"}`,
    `token ${secrets.securityToken} and ${encodeURIComponent(secrets.securityToken)}`,
  ])('%j keeps nothing secret', (error_msg) => {
    const { message, code } = read(401, { error_code: 'APIGW.0301', error_msg });
    expect(code).toBe('APIGW.0301');
    expect(message).not.toMatch(/AKMADEUP|SOMEBODYELSE|made-up|0123456789abcdef|\n/);
    expect(message).toContain('[masked]');
  });

  it('is cut where it goes on for ever', () => {
    expect(read(400, { error_code: 'DCS.4800', error_msg: 'x '.repeat(10_000) }).message.length).toBeLessThanOrEqual(
      500,
    );
  });
});

it.each`
  location                                     | message
  ${'https://other.example/login?ticket=hush'} | ${'HTTP 302 to https://other.example'}
  ${'/elsewhere'}                              | ${'HTTP 302 to another address'}
  ${undefined}                                 | ${'HTTP 302 to another address'}
`('F091 a redirect to $location is "$message"', ({ location, message }) => {
  const headers = location === undefined ? {} : { location: location as string };
  expect(read(302, '', headers)).toMatchObject({ code: 'TRANSPORT.REDIRECT', message, rule: { stops: 'scope' } });
});
